package org.openapitools.jackson.nullable;

import java.util.NoSuchElementException;
import java.util.Objects;

/** A property that is absent, null or has a value. Stands in for the library jackson-databind-nullable: see README.md. */
public final class JsonNullable<T> {
    private static final JsonNullable<?> UNDEFINED = new JsonNullable<>(null);
    private final T value;

    private JsonNullable(T value) {
        this.value = value;
    }

    @SuppressWarnings("unchecked")
    public static <T> JsonNullable<T> undefined() {
        return (JsonNullable<T>) UNDEFINED;
    }

    public static <T> JsonNullable<T> of(T value) {
        return new JsonNullable<>(value);
    }

    public boolean isPresent() {
        return this != UNDEFINED;
    }

    public T get() {
        if (!isPresent()) throw new NoSuchElementException("the value is undefined");
        return value;
    }

    public T orElse(T other) {
        return isPresent() ? value : other;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof JsonNullable<?> that && isPresent() == that.isPresent() && Objects.equals(value, that.value);
    }

    @Override
    public int hashCode() {
        return Objects.hash(isPresent(), value);
    }
}
