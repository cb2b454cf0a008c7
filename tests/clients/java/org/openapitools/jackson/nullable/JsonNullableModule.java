package org.openapitools.jackson.nullable;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.BeanProperty;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.SerializationConfig;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.ContextualDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.BeanPropertyWriter;
import com.fasterxml.jackson.databind.ser.BeanSerializerModifier;
import java.io.IOException;
import java.util.List;

/** Leaves undefined properties out of the JSON, and reads null as a value. */
public final class JsonNullableModule extends SimpleModule {
    @SuppressWarnings({"unchecked", "rawtypes"})
    public JsonNullableModule() {
        addDeserializer(JsonNullable.class, (JsonDeserializer) new Reader(null));
        setSerializerModifier(new BeanSerializerModifier() {
            @Override
            public List<BeanPropertyWriter> changeProperties(SerializationConfig config, BeanDescription bean, List<BeanPropertyWriter> writers) {
                writers.replaceAll(each -> each.getType().hasRawClass(JsonNullable.class) ? new Writer(each) : each);
                return writers;
            }
        });
    }

    private static final class Writer extends BeanPropertyWriter {
        Writer(BeanPropertyWriter base) {
            super(base);
        }

        @Override
        public void serializeAsField(Object bean, JsonGenerator generator, SerializerProvider provider) throws Exception {
            JsonNullable<?> property = (JsonNullable<?>) get(bean);
            if (property.isPresent()) provider.defaultSerializeField(getName(), property.get(), generator);
        }
    }

    private static final class Reader extends JsonDeserializer<JsonNullable<?>> implements ContextualDeserializer {
        private final JavaType content;

        Reader(JavaType content) {
            this.content = content;
        }

        @Override
        public JsonDeserializer<?> createContextual(DeserializationContext context, BeanProperty property) {
            return new Reader(context.getContextualType().containedType(0));
        }

        @Override
        public JsonNullable<?> deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            return JsonNullable.of(context.readValue(parser, content));
        }

        @Override
        public JsonNullable<?> getNullValue(DeserializationContext context) {
            return JsonNullable.of(null);
        }
    }
}
