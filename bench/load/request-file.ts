import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Workload } from "./workloads.ts";

/**
 * Requests made and signed beforehand, so that the load generator only reads and sends. Each as eight digits, its length
 * in bytes, and the bytes.
 */
export interface RequestFile {
  readonly path: string;
  readonly workload: Workload;
  readonly requests: number;
  /** What the first `sent` requests amount to: new events, and requests to be refused. */
  expected(sent: number): { readonly fresh: number; readonly refused: number };
}

const chunkBytes = 8 * 1024 * 1024;
let files = 0;

/** Writes at least `events` events' worth of requests. */
export function writeRequests(folder: string, workload: Workload, seed: string, events: number): RequestFile {
  const requests = Math.ceil(events / workload.batch);
  files += 1;
  const path = join(folder, `requests-${files}`);
  const fresh = new Uint32Array(requests + 1);
  const refused = new Uint32Array(requests + 1);
  const file = openSync(path, "w");
  let chunk: Buffer[] = [];
  let size = 0;
  const flush = () => {
    writeSync(file, Buffer.concat(chunk, size));
    chunk = [];
    size = 0;
  };
  let index = 0;
  for (const made of workload.requests(seed)) {
    chunk.push(Buffer.from(String(made.request.length).padStart(8, "0"), "latin1"), made.request);
    size += made.request.length + 8;
    if (size > chunkBytes) flush();
    fresh[index + 1] = (fresh[index] ?? 0) + made.fresh;
    refused[index + 1] = (refused[index] ?? 0) + (made.refused ? 1 : 0);
    index += 1;
    if (index === requests) break;
  }
  flush();
  // Now, and not while something is measured: every commit of a database would wait for the disk to be done with it.
  fsyncSync(file);
  closeSync(file);
  return {
    path,
    workload,
    requests,
    expected: (sent) => ({ fresh: fresh[sent] ?? 0, refused: refused[sent] ?? 0 }),
  };
}
