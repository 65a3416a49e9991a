import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { expect } from "vitest";

/*
 * Everything that is stored, as text, for tests that look for what must not be there.
 */

/** Every row of every table, as text. */
export async function allText(databaseUrl: string): Promise<string> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  const tables = await client.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  let text = "";
  for (const { name } of tables.rows) {
    const rows = await client.query<{ row: string }>(`select t::text as row from ${name} t`);
    text += rows.rows.map(({ row }) => row).join("\n");
  }
  await client.end();
  return text;
}

/** Every hash in Redis: that is where BullMQ keeps what a job carries. */
export async function allHashes(redisUrl: string): Promise<string> {
  const client = new Redis(redisUrl);
  const found: unknown[] = [];
  for (const key of await client.keys("*")) {
    if ((await client.type(key)) === "hash") found.push(key, await client.hgetall(key));
  }
  client.disconnect();
  expect(found.length, "hashes in Redis").toBeGreaterThan(0);
  return JSON.stringify(found);
}

/** The raw bytes of every file of the embedded database, its log included. */
export function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
}
