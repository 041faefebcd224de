package dev.kvern.runner.chat.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a hostile template, or one with a mistake, meets. */
class JinjaLimitsTest {
    private static final Duration BOUNDED = Duration.ofSeconds(60);
    /** Smaller than any thread that renders. */
    private static final int STACK_BYTES = 512 * 1024;

    private static final String BIG = "{% set s = 'x' * 9000000 %}{% set t = 'x' * 9000000 %}";

    private static String render(String template) {
        return Template.parse(template).render(Map.of("s", "text"), Clock.systemUTC());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
                "{% for a in range(99999) %}{% set x = range(99999) | list %}{% endfor %}",
                "{% for a in range(99999) %}{% set x = range(99999) | sum %}{% endfor %}",
                "{% for a in range(99999) %}{% set x = range(99999) | map('string') | join %}{% endfor %}",
                "{% for a in range(99999) %}{% set x = 99998 in range(99999) %}{% endfor %}",
                "{% set ns = namespace(x='ab') %}{% for a in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
                "{% set ns = namespace(x='ab') %}{% for a in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
                "{% set ns = namespace(x=[1]) %}{% for a in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
                "{% set ns = namespace(x=[1]) %}{% for a in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
                "{% set ns = namespace(x=[1]) %}{% for a in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}",
                "{% set ns = namespace(x=[1], y=[1]) %}{% for a in range(99) %}{% set ns.x = [ns.x, ns.x] %}"
                        + "{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
                "{% set ns = namespace(x=[]) %}{% for a in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
                "{% set ns = namespace(x=[]) %}{% for a in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x | tojson(indent=99) }}",
                "{% set ns = namespace(x=[], y=[]) %}{% for a in range(9999) %}{% set ns.x = [ns.x] %}"
                        + "{% set ns.y = [ns.y] %}{% endfor %}{{ ns.x < ns.y }}",
                "{{ 'x' * 2000000000 }}",
                "{{ [0] * 2000000000 }}",
                "{{ ('x' * 15000000).replace('x', 'x' * 1000000) }}",
                "{{ ('x' * 9999999).replace('', 'x' * 9999) }}",
                "{{ ('x' * 9999) | map('string') | join('y' * 99999) }}",
                "{{ ('x' * 9999).join('y' * 99999) }}",
                "{{ '%999999999d' % 1 }}",
                "{{ '%*d' % (2000000000, 1) }}",
                "{{ '{:>999999999}'.format(1) }}",
                "{{ 'x'.center(2000000000) }}",
                "{{ 'x'.zfill(2000000000) }}",
                "{{ '\\t'.expandtabs(2000000000) }}",
                "{{ ('a\\n' * 99999) | indent(2000000000) }}",
                "{{ [1] | tojson(indent=2000000000) }}",
                "{{ [1] | batch(2000000000, 0) | list }}",
                "{{ [1] | slice(2000000000) | list }}",
                "{{ 2 ** 99999 }}",
                "{{ 10 ** 999999999999 }}",
                "{% set ns = namespace(x=7) %}{% for a in range(99999) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "{% macro m() %}{{ caller() }}{% endmacro %}{% macro r() %}{% call m() %}{{ r() }}{% endcall %}{% endmacro %}{{ r() }}",
                "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
                "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
                "{% for a in range(999) %}{{ ('a' * 999999).count('a' * 99999 ~ 'b') }}{% endfor %}",
                "{{ 'x' | int(99999999999999999999) ~ ('9' * 9999999) | int }}",
                "{% for a in range(99999) %}{{ 'y' * 9999 }}{% endfor %}",
                "{{ range(100001) }}",
                BIG + "{% for a in range(99999) %}{% set x = s[8000000] %}{% endfor %}",
                BIG + "{% for a in range(99999) %}{% set x = s == 'x' * 8999999 ~ 'y' %}{% endfor %}",
                BIG + "{% for a in range(99999) %}{% set x = s is lower %}{% endfor %}",
                BIG + "{% for a in range(99999) %}{% set x = {s: 1}.get(t) %}{% endfor %}",
                BIG + "{% set d = {s: 1} %}{% for a in range(99999) %}{% set x = d[t] %}{% endfor %}",
                BIG + "{% for a in range(99999) %}{% set x = [s, t] | sort %}{% endfor %}",
                BIG + "{{ ([s] * 99999) | sort }}",
                BIG + "{{ ([s] * 99999) | map(attribute='8000000') | list }}",
                BIG + "{{ ([s] * 99999) | select('lower') | list }}",
                BIG + "{{ ([s] * 99999) | unique | list }}",
                BIG + "{{ s | list }}",
                BIG + "{{ s.replace('x', 'x ').split() }}",
                BIG + "{{ s.replace('x', ',').split(',') }}",
                BIG + "{{ s.replace('x', ',').rsplit(',') }}",
                BIG + "{{ s.replace('x', '\n').splitlines() }}",
                BIG + "{{ s.replace('x', '<') | forceescape | forceescape | forceescape }}",
                BIG + "{{ strftime_now(s.replace('x', '%c')) }}",
                "{% set ns = namespace(x=[]) %}{% for a in range(99999) %}{% for b in range(99999) %}"
                        + "{% set ns.x = [ns.x] %}{% endfor %}{% endfor %}",
                "{% set ns = namespace(x=7 ** 4000) %}{% for a in range(99999) %}{% for b in range(999) %}"
                        + "{% set y = ns.x * ns.x // ns.x %}{% endfor %}{% endfor %}",
                "{% for a in range(99999) %}{% for b in range(999) %}{{ 1.1 }}{% endfor %}{% endfor %}",
                "{{ range(0, 10 ** 30) }}",
            })
    void whatDoesTooMuchFails(String template) throws InterruptedException {
        Throwable[] thrown = new Throwable[1];
        Assertions.assertTimeoutPreemptively(BOUNDED, () -> {
            Thread thread = new Thread(null, () -> render(template), "small-stack", STACK_BYTES);
            thread.setUncaughtExceptionHandler((t, e) -> thrown[0] = e);
            thread.start();
            thread.join();
        });
        assertThat(thrown[0]).isInstanceOf(RenderException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "[", "{1:", "not ", "-", "s if ", "s + (", "s[", "s|default("})
    void expressionsNestedTooDeeplyAreRefused(String opening) {
        assertThatThrownBy(() -> Template.parse("{{ " + opening.repeat(100_000)))
                .isInstanceOf(SyntaxException.class)
                .hasMessageContaining("nested too deeply");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                " + s",
                " ~ s + s",
                " - s",
                " * s",
                " ** s",
                " or s",
                " and s",
                ".s",
                "[0]",
                "()",
                "|upper",
                " if s"
            })
    void chainsAreRefusedWhenEvaluatingThemWouldNestTooDeeply(String link) {
        assertThatThrownBy(() -> Template.parse("{{ s" + link.repeat(100_000) + " }}"))
                .isInstanceOf(SyntaxException.class)
                .hasMessageContaining("nested too deeply");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{% if s %}", "{% for x in s %}", "{% macro m() %}", "{% filter upper %}", "{% set x %}"})
    void statementsNestedTooDeeplyAreRefused(String opening) {
        assertThatThrownBy(() -> Template.parse(opening.repeat(100_000)))
                .isInstanceOf(SyntaxException.class)
                .hasMessageContaining("nested too deeply");
    }

    @Test
    void whatIsNestedAsDeeplyAsAllowedRenders() throws InterruptedException {
        String template = "{{ " + "(".repeat(60) + "s" + " + s".repeat(50) + ")".repeat(60) + " }}"
                + "{% if s %}".repeat(150) + "{{ s }}" + "{% endif %}".repeat(150);
        String[] text = new String[1];
        Thread thread = new Thread(null, () -> text[0] = render(template), "small-stack", STACK_BYTES);
        thread.start();
        thread.join();
        assertThat(text[0]).isEqualTo("text".repeat(52));
    }

    @Test
    void longChatsFitTheLimits() {
        String template =
                "{% set ns = namespace(all='') %}{% for m in messages[::-1] %}{% if '</think>' in m.content %}"
                        + "{% endif %}{% endfor %}{% for m in messages %}{{ m.role + m.content | trim }}"
                        + "{% set parts = m.content.split('\\n') %}{{ m.content | tojson }}{% endfor %}";
        List<Map<String, String>> messages = IntStream.range(0, 2_000)
                .mapToObj(i -> Map.of("role", "user", "content", ("line " + i + "\n").repeat(200)))
                .toList();

        String text = Template.parse(template).render(Map.of("messages", messages), Clock.systemUTC());

        assertThat(text).hasSizeGreaterThan(5_000_000);
    }

    @Test
    void syntaxErrorsSayWhereAndWhatWasExpected() {
        assertRefused("a\n{% if s %}\n{% endfor %}", 3, "tag 'endfor'", "'elif' or 'else' or 'endif'");
        assertRefused("a\n\n{{ s", 3, "end of template", "'}}'");
        assertRefused("{% for x of s %}", 1, "'of'", "'in'");
        assertRefused("\n{{ s | nosuch }}", 2, "filter 'nosuch'", "one of abs, ");
        assertRefused("{{ s is nosuch }}", 1, "test 'nosuch'", "one of !=, ");
        assertRefused("{% include 'x' %}", 1, "tag 'include'", "for, if, set");
        assertRefused("{{ 'a }}", 1, "a string without an end", "a closing '");
        assertRefused("{{ (1] }}", 1, "']'", "')'");
    }

    private static void assertRefused(String template, int line, String found, String expected) {
        assertThatThrownBy(() -> Template.parse(template)).isInstanceOfSatisfying(SyntaxException.class, e -> {
            assertThat(e.line()).isEqualTo(line);
            assertThat(e.found()).isEqualTo(found);
            assertThat(e.expected()).contains(expected);
        });
    }

    @Test
    void failuresSayOnWhichLine() {
        assertFails("\n{{ s }}\n{{ nosuch.x }}", 3, "'nosuch' is undefined", false);
        assertFails(
                "{% if s %}\n{{ s +\n 1 }}{% endif %}", 2, "unsupported operand types for +: 'str' and 'int'", false);
        assertFails("{% macro m() %}\n\n{% endmacro %}\n{{ m() + 1 }}", 4, "unsupported operand", false);
        assertFails("\n{{ raise_exception('no: ' + s) }}", 2, "no: text", true);
    }

    private static void assertFails(String template, int line, String message, boolean raised) {
        assertThatThrownBy(() -> render(template)).isInstanceOfSatisfying(RenderException.class, e -> {
            assertThat(e.line()).isEqualTo(line);
            assertThat(e).hasMessageContaining(message);
            assertThat(e.raised()).isEqualTo(raised);
        });
    }

    @Test
    void variablesOfOtherTypesAreNotTakenForText() {
        Map<String, @Nullable Object> variables = Map.of("x", new Object());
        Template template = Template.parse("{{ x }}");

        assertThatThrownBy(() -> template.render(variables, Clock.systemUTC()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
