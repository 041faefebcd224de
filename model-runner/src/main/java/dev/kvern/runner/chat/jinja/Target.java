package dev.kvern.runner.chat.jinja;

import java.util.List;
import java.util.stream.Stream;

/** What {@code set} and {@code for} assign to. */
sealed interface Target {
    /** Names that become variables. */
    Stream<String> names();

    /** Names of the namespaces that are changed. */
    Stream<String> namespaces();

    record Variable(String name) implements Target {
        @Override
        public Stream<String> names() {
            return Stream.of(name);
        }

        @Override
        public Stream<String> namespaces() {
            return Stream.of();
        }
    }

    record NamespaceAttribute(String namespace, String attribute) implements Target {
        @Override
        public Stream<String> names() {
            return Stream.of();
        }

        @Override
        public Stream<String> namespaces() {
            return Stream.of(namespace);
        }
    }

    record Several(List<Target> targets) implements Target {
        @Override
        public Stream<String> names() {
            return targets.stream().flatMap(Target::names);
        }

        @Override
        public Stream<String> namespaces() {
            return targets.stream().flatMap(Target::namespaces);
        }
    }
}
