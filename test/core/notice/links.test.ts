import { expect, it } from "vitest";
import { linksFor, linksForDigest } from "../../../src/core/notice/links.ts";
import { incident } from "./example.ts";

const none = { incident: null, runbook: null, grafana: null };

it("adds the id and the code to the pages that are about one", () => {
  const bases = {
    incident: "https://faultline.example.com/api/v1/incidents/",
    runbook: "https://runbooks.example.com/twilio",
    grafana: "https://grafana.example.com/d/twilio",
  };
  expect(linksFor(incident, bases)).toMatchObject({
    incident: "https://faultline.example.com/api/v1/incidents/inc-1",
    runbook: "https://runbooks.example.com/twilio/80604",
    grafana: "https://grafana.example.com/d/twilio",
  });
  expect(linksForDigest(bases)).toMatchObject({ incident: bases.incident, runbook: null, grafana: bases.grafana });
});

it("fills placeholders in, encoded", () => {
  const bases = {
    incident: "https://f.example.com/?incident={id}",
    runbook: "https://git.example.com/docs/codes/{code}.md",
    grafana: "https://g.example.com/d/x?var-code={code}&var-product={product}&x={unknown}",
  };
  expect(linksFor({ ...incident, product: "Proxy & more\ud800" }, bases)).toMatchObject({
    incident: "https://f.example.com/?incident=inc-1",
    runbook: "https://git.example.com/docs/codes/80604.md",
    grafana: "https://g.example.com/d/x?var-code=80604&var-product=Proxy%20%26%20more%EF%BF%BD&x={unknown}",
  });
  expect(linksForDigest(bases)).toMatchObject({ incident: null, grafana: null });
});

it("has no page that is not configured, but Twilio's own", () => {
  expect(linksFor(incident, none)).toEqual({
    ...none,
    console: "https://console.twilio.com/us1/monitor/logs/debugger",
  });
});
