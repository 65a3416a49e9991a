import type { SilenceMatcher, SilenceStore, StoredSilence } from "../pipeline/notice-ports.ts";
import type { Database } from "./database.ts";
import { storableJson, storableText } from "./storable-text.ts";
import { inTransaction } from "./transaction.ts";

/*
 * The id of a silence outside the database: `sil_` and the row's number in base 36.
 */

/** A row of faultline.silences. */
export interface SilenceRow {
  readonly id: string;
  readonly matchers: readonly SilenceMatcher[];
  readonly comment: string;
  readonly created_by: string;
  readonly starts_at: Date;
  readonly ends_at: Date;
}

/** A silence as the rest of the system knows it. */
export function silenceOf(row: SilenceRow): StoredSilence {
  return {
    id: `sil_${Number(row.id).toString(36)}`,
    matchers: row.matchers,
    comment: row.comment,
    createdBy: row.created_by,
    startsAt: row.starts_at.toISOString(),
    endsAt: row.ends_at.toISOString(),
  };
}

/** The silences on record. */
export function createSilenceStore(db: Pick<Database, "pool">): SilenceStore {
  const { pool } = db;
  return {
    async create(silence) {
      const { rows } = await pool.query<SilenceRow>(
        `insert into faultline.silences (matchers, comment, created_by, starts_at, ends_at)
         values ($1, $2, $3, $4, $5) returning *`,
        [
          storableJson(silence.matchers),
          storableText(silence.comment),
          storableText(silence.createdBy),
          silence.startsAt,
          silence.endsAt,
        ],
      );
      const [row] = rows;
      if (row === undefined) throw new Error("silences: expected the new row, got none");
      return silenceOf(row);
    },

    async get(id) {
      const number = silenceRowOf(id);
      if (number === null) return null;
      const { rows } = await pool.query<SilenceRow>("select * from faultline.silences where id = $1", [number]);
      return rows[0] === undefined ? null : silenceOf(rows[0]);
    },

    async list({ at, ended, limit }) {
      const { rows } = await pool.query<SilenceRow>(
        "select * from faultline.silences where $1 or ends_at > $2 order by id desc limit $3",
        [ended, at.toISOString(), limit],
      );
      return rows.map(silenceOf);
    },

    async expire(id, at) {
      const number = silenceRowOf(id);
      if (number === null) return false;
      return await inTransaction(pool, async (client) => {
        const { rowCount } = await client.query(
          `update faultline.silences set starts_at = least(starts_at, $2), ends_at = $2
           where id = $1 and ends_at > $2`,
          [number, at.toISOString()],
        );
        if (rowCount === 0) return false;
        // What it kept quiet is told now.
        await client.query(
          `update faultline.incidents set look_at = least(look_at, $1) where state = 'open'
           and id in (select incident_id from faultline.notices where state = 'suppressed' and incident_id is not null)`,
          [at.toISOString()],
        );
        return true;
      });
    },
  };
}

function silenceRowOf(id: string): number | null {
  return /^sil_[0-9a-z]{1,10}$/.test(id) ? Number.parseInt(id.slice("sil_".length), 36) : null;
}
