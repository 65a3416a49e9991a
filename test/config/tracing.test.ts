import { describe, expect, it } from "vitest";
import { configOf, mistakesOf } from "./read.ts";

const endpoint = "http://collector:4318";

describe("tracing", () => {
  it.each([
    { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/v1/traces?tenant=a` },
    { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: "false", OTEL_TRACES_EXPORTER: "otlp" },
    { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
  ])("is on once there is an endpoint: %j", (env) => {
    expect(configOf({ env }).tracing).toEqual({ serviceName: "faultline" });
  });

  it.each([
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: "  " },
    { OTEL_SERVICE_NAME: "errors", OTEL_TRACES_SAMPLER: "always_on" },
    { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: endpoint },
    { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: "TRUE" },
    { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_EXPORTER: "none" },
    // Nobody reads it then.
    { OTEL_EXPORTER_OTLP_ENDPOINT: "no url", OTEL_SDK_DISABLED: "true" },
  ])("is off without one, or when it is switched off: %j", (env) => {
    expect(configOf({ env }).tracing).toBeNull();
  });

  it.each([
    { OTEL_SERVICE_NAME: "errors" },
    { OTEL_RESOURCE_ATTRIBUTES: "service.name=errors" },
    { OTEL_RESOURCE_ATTRIBUTES: "team=a, service.name = errors" },
  ])("leaves the name of the service to %j", (env) => {
    expect(configOf({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...env } }).tracing).toEqual({ serviceName: null });
  });

  it("is not misled by another attribute", () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_RESOURCE_ATTRIBUTES: "my.service.name=a,service.names=b",
    };
    expect(configOf({ env }).tracing).toEqual({ serviceName: "faultline" });
  });

  it.each([
    ["collector:4318", "a URL of another kind"],
    ["user:secret@collector", "a URL of another kind"],
    ["//collector", "something that is no URL"],
  ])("needs a URL, and does not repeat a wrong one: %s", (value, got) => {
    const mistakes = mistakesOf({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: value } });
    expect(mistakes).toMatchObject([{ where: "OTEL_EXPORTER_OTLP_ENDPOINT", got }]);
    expect(JSON.stringify(mistakes)).not.toContain("secret");
  });
});
