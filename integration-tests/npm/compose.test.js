// deploy/compose/compose.yaml against the Compose Specification's JSON schema, of which dclint has a copy, and what that cannot know.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import Ajv from "ajv";
import { parse } from "yaml";

const here = dirname(fileURLToPath(import.meta.url));
const directory = resolve(here, "../../deploy/compose");
const text = readFileSync(resolve(directory, "compose.yaml"), "utf8");
const settings = Object.fromEntries(
    readFileSync(resolve(directory, ".env"), "utf8")
        .split("\n")
        .filter((line) => line.includes("=") && !line.startsWith("#"))
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
);
const used = [...text.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1]);
const compose = parse(text.replace(/\$\{(\w+)\}/g, (_, name) => settings[name]), { merge: true });
const services = Object.entries(compose.services);

const role = (name) => name.replace(/-\d+$/, "");
const of = (each) => services.filter(([name]) => role(name) === each);
const seconds = (time) => Number(/^(\d+)s$/.exec(time)[1]);
const configured = (each, key) =>
    key.split(".").reduce((value, part) => value?.[part], parse(readFileSync(resolve(directory, `config/${each}.yaml`), "utf8")));

test("the file is valid by the specification, and its schema refuses what is not", () => {
    const schema = JSON.parse(readFileSync(resolve(here, "node_modules/dclint/schemas/compose.schema.json"), "utf8"));
    // It names its draft by an address that ajv does not know it by.
    delete schema.$schema;
    const validate = new Ajv({ allErrors: true, strict: false, validateFormats: false }).compile(schema);
    assert.ok(validate(compose), JSON.stringify(validate.errors, null, 2));
    const wrong = structuredClone(compose);
    wrong.services["node-1"].readonly = true;
    assert.equal(validate(wrong), false);
});

test("every variable has a value in .env, and every value a use", () => {
    assert.deepEqual([...new Set(used)].sort(), Object.keys(settings).sort());
});

test("images are of this version and files that are mounted are there", () => {
    const version = /<version>([^<]+)<\/version>/.exec(readFileSync(resolve(here, "../../pom.xml"), "utf8"))[1];
    assert.equal(settings.KVERN_VERSION, version);
    assert.ok(existsSync(resolve(directory, settings.KVERN_MODEL, "config.json")));
    for (const [name, service] of services) {
        assert.equal(service.image, `kvern/${role(name)}:${version}`);
        const config = service.command[service.command.indexOf("--config") + 1];
        assert.ok(existsSync(resolve(directory, config.replace("/etc/kvern", "config"))), config);
    }
});

test("every service is confined, bounded and asked for its health", () => {
    assert.equal(services.length, 7);
    for (const [name, service] of services) {
        assert.equal(service.read_only, true, name);
        assert.equal(service.user, "10001:10001", name);
        assert.deepEqual(service.cap_drop, ["ALL"], name);
        assert.ok(service.mem_limit, name);
        // In an image without a shell.
        assert.equal(service.healthcheck.test[0], "CMD", name);
        assert.ok(service.healthcheck.test.includes("health"), name);
        assert.ok(service.healthcheck.interval, name);
    }
});

test("a service is given longer to stop than it is configured to take", () => {
    for (const [name, service] of services) {
        const millis = Object.values(configured(role(name), "shutdown")).reduce((sum, value) => sum + value, 0);
        assert.ok(millis > 0, name);
        assert.ok(seconds(service.stop_grace_period) * 1000 >= millis + 5000, name);
    }
});

test("a node's limit has room for its region, heap and memory beside it", () => {
    const args = readFileSync(resolve(here, "../../launcher/src/main/resources/dev/kvern/launcher/jvm/node.args"), "utf8");
    const mebi = (pattern) => Number(pattern.exec(args)[1]);
    const needed =
        configured("node", "memory.region_bytes") / 2 ** 20 + mebi(/-Xmx(\d+)m/) + mebi(/-XX:MaxDirectMemorySize=(\d+)m/) + 384;
    for (const [name, service] of of("node")) {
        assert.ok(Number(/^(\d+)m$/.exec(service.mem_limit)[1]) >= needed, `${name}: ${needed} MiB`);
    }
});

test("members find each other by names that services have", () => {
    const aliases = ([, service]) => service.networks?.kvern?.aliases ?? [];
    assert.ok(of("coordinator").every((each) => aliases(each).includes("coordinators")));
    assert.ok(of("node").every((each) => aliases(each).includes("nodes")));
    assert.deepEqual(configured("node", "ignite.addresses"), ["nodes"]);
    for (const member of ["node", "runner"]) {
        assert.equal(configured(member, "coordinator"), "coordinators:7400");
        for (const [name, service] of of(member)) {
            assert.ok(service.command.includes(`advertise_host=${name}`), name);
            assert.ok(service.command.includes(`id=${name}`), name);
        }
    }
});
