/*
 * What a user would otherwise write: express, the `twilio` package's signature check, a counter, and one `queue.add` an
 * event on Redis. Nothing is durable, duplicates are not noticed, and no worker takes the jobs.
 */
import { createServer } from "node:http";
import { Queue } from "bullmq";
import express from "express";
import { Redis } from "ioredis";
import { Counter } from "prom-client";
import twilio from "twilio";
import { account, publicUrl } from "../load/account.ts";
import { announce, setting } from "./announce.ts";

const queue = new Queue("events", {
  connection: new Redis(setting("REDIS_URL"), { maxRetriesPerRequest: null }),
});
const events = new Counter({ name: "twilio_errors_total", help: "Errors", labelNames: ["code", "level"] });
const app = express();
app.disable("x-powered-by");
app.use(express.urlencoded({ extended: false, limit: "1mb" }));
app.post("/twilio/debugger", async (request, response) => {
  const form = request.body as Record<string, string>;
  const signature = request.header("X-Twilio-Signature") ?? "";
  if (!twilio.validateRequest(account.token, signature, publicUrl + request.originalUrl, form)) {
    response.status(403).end();
    return;
  }
  const payload = JSON.parse(form.Payload ?? "") as { error_code?: string };
  events.inc({ code: payload.error_code ?? "", level: form.Level ?? "" });
  await queue.add("event", { ...form, Payload: payload });
  response.status(204).end();
});
announce(createServer(app));
