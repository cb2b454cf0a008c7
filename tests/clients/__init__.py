"""The clients that OpenAPI Generator makes of openapi/openapi.yaml, compiled and run against a live server."""
