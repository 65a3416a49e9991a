import type { Settings } from "./settings.ts";

/**
 * Whether traces are sent, by OpenTelemetry's standard variables: once there is an endpoint, unless they are switched off.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function readTracing(settings: Settings): { readonly serviceName: string | null } | null {
  const endpoints = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
  const isOff =
    settings.text("OTEL_SDK_DISABLED")?.toLowerCase() === "true" ||
    settings.text("OTEL_TRACES_EXPORTER")?.toLowerCase() === "none" ||
    endpoints.every((name) => settings.text(name) === null);
  if (isOff) return null;
  for (const name of endpoints) checkEndpoint(settings, name);
  const isNamed =
    settings.text("OTEL_SERVICE_NAME") !== null ||
    /(^|,)\s*service\.name\s*=/.test(settings.text("OTEL_RESOURCE_ATTRIBUTES") ?? "");
  return { serviceName: isNamed ? null : "faultline" };
}

function checkEndpoint(settings: Settings, name: string): void {
  const text = settings.text(name);
  const protocol = settings.text("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ?? settings.text("OTEL_EXPORTER_OTLP_PROTOCOL");
  // With gRPC it may be host:port.
  if (text === null || protocol === "grpc") return;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return;
  // Not quoted: a URL may carry a password.
  const got = URL.canParse(text) ? "a URL of another kind" : "something that is no URL";
  settings.wrong(name, "a URL starting with http:// or https://", got, `e.g. ${name}=http://localhost:4318`);
}
