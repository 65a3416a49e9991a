import { randomUUID } from "node:crypto";
import type pg from "pg";

/** Whether what comes in can be stored: a database may answer questions and yet take nothing, being full or a read-only copy. */
export interface WriteCheck {
  /** How the latest commit went. */
  note(wentThrough: boolean): void;
  /** Passes for as long as commits go through; after one that failed, rejects until a trial of its own goes through. */
  check(): Promise<void>;
}

/** More than fits into what is left of a page: a table that cannot grow refuses it. Text that hardly compresses, 32 KiB. */
const trial = `insert into faultline.quarantined (hash, source, reason, raw, received_at)
  select decode(md5($1), 'hex'), 'debugger', 'trial', string_agg(md5($1 || i), ''), now() from generate_series(1, 1024) as i`;

/** Builds a {@link WriteCheck}. */
export function createWriteCheck(pool: pg.Pool): WriteCheck {
  let goesThrough = true;

  async function attempt(): Promise<void> {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query(trial, [randomUUID()]);
      await client.query("rollback");
      client.release();
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  return {
    note(wentThrough) {
      goesThrough = wentThrough;
    },
    async check() {
      if (goesThrough) return;
      await attempt();
      goesThrough = true;
    },
  };
}
