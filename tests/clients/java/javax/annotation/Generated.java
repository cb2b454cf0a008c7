package javax.annotation;

/** The annotation on every generated class. Java 8 was the last JDK that contained it; since then it is a library. */
public @interface Generated {
    String[] value();

    String date() default "";

    String comments() default "";
}
