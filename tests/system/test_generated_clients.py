"""Generated clients whose compilers are Debian's: the one for Go, and the one for Java with javac."""

import pytest

from tests.clients.scenario import require_scenario, run
from tests.clients.toolchains import GENERATOR, SOURCES, generate
from tests.system.programs import require_program

pytestmark = pytest.mark.timeout(900)


def test_go_client_runs_the_scenario(tmp_path, cluster_urls):
    module = generate("go", tmp_path / "client")
    program = module / "scenario" / "scenario.go"
    program.parent.mkdir()
    program.write_bytes((SOURCES / "go" / program.name).read_bytes())
    # The client needs nothing but Go's own library; only its generated tests do.
    alone = {"HOME": str(tmp_path), "GOPROXY": "off", "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0"}
    go = require_program("go")
    assert run([go, "vet", ".", "./scenario"], cwd=module, **alone) == ""
    run([go, "build", "-o", tmp_path / "scenario", "./scenario"], cwd=module, **alone)
    require_scenario([tmp_path / "scenario"], cluster_urls[0])


def test_javac_compiles_the_java_client(tmp_path):
    generated = generate("java", tmp_path / "client", "--library", "native") / "src" / "main" / "java"
    sources = [path for folder in (generated, SOURCES / "java") for path in sorted(folder.rglob("*.java"))]
    run([require_program("javac"), "-proc:none", "-cp", GENERATOR, "-d", tmp_path / "classes", *sources], cwd=tmp_path)
