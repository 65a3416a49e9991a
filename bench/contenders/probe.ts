/*
 * Our design without its features: raw body, own HMAC, JSON.parse, group commit of a sid and a payload. On PostgreSQL with
 * DATABASE_URL, else on PGlite in DATA_DIR. How far Faultline is from it is what its features cost.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import { account, publicUrl } from "../load/account.ts";
import { announce, setting } from "./announce.ts";

interface Row {
  readonly sid: string;
  readonly code: number;
  readonly payload: string;
  readonly answer: (status: number) => void;
}

const table = "create table if not exists probe (sid text primary key, code int not null, payload jsonb not null)";
const insert = `insert into probe (sid, code, payload)
  select * from unnest($1::text[], $2::int[], $3::jsonb[]) on conflict do nothing`;
const commit = process.env.DATABASE_URL === undefined ? await onPglite() : await onPostgres();
let waiting: Row[] = [];
let committing = false;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const answer = (status: number) => {
      response.statusCode = status;
      response.end();
    };
    const form = new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
    if (!signed(request.url ?? "", form, String(request.headers["x-twilio-signature"]))) {
      answer(403);
      return;
    }
    const payload = form.get("Payload") ?? "";
    const { error_code: code } = JSON.parse(payload) as { error_code: string };
    waiting.push({ sid: form.get("Sid") ?? "", code: Number(code), payload, answer });
    if (!committing) queueMicrotask(() => void drain());
  });
});
announce(server);

function signed(target: string, form: URLSearchParams, signature: string): boolean {
  const text = [...form.keys()].toSorted().reduce((sum, key) => sum + key + form.get(key), publicUrl + target);
  const expected = createHmac("sha1", account.token).update(text).digest();
  const given = Buffer.from(signature, "base64");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function drain(): Promise<void> {
  if (committing) return;
  committing = true;
  while (waiting.length > 0) {
    const batch = waiting;
    waiting = [];
    await commit([batch.map(({ sid }) => sid), batch.map(({ code }) => code), batch.map(({ payload }) => payload)]);
    for (const { answer } of batch) answer(204);
  }
  committing = false;
}

async function onPostgres(): Promise<(values: unknown[]) => Promise<unknown>> {
  const client = new pg.Client(setting("DATABASE_URL"));
  await client.connect();
  await client.query(table);
  return (values) => client.query({ name: "insert", text: insert, values });
}

async function onPglite(): Promise<(values: unknown[]) => Promise<unknown>> {
  const database = await PGlite.create(setting("DATA_DIR"));
  await database.exec(table);
  return (values) => database.query(insert, values);
}
