/** Something that takes deliveries, in processes of its own. */
export interface Contender {
  readonly name: string;
  /** Where it takes them; several when it is several processes. */
  readonly ports: readonly number[];
  readonly pids: readonly number[];
  /** What it has kept, null for one that keeps nothing or nothing durable. */
  readonly record: KeptRecord | null;
  /** Back to an empty record and an empty queue, where that can be had while it runs. */
  reset(): Promise<void>;
  /** What its processes complained about. */
  warnings(): readonly string[];
  stop(): Promise<void>;
  /** For one whose record can only be read once it has stopped: what is wrong with it, null when nothing is. */
  leftBehind?(): Promise<string | null>;
}

/** What is on record. */
export interface Kept {
  /** Distinct events. */
  readonly events: number;
  /** The sum of the counts of all incidents; null where there are none. */
  readonly counted: number | null;
  readonly incidents: number | null;
}

/** Reads the record. */
export interface KeptRecord {
  /** Where it was read: a database, or the counters of the process where its database is its own. */
  readonly from: "database" | "metrics";
  read(): Promise<Kept>;
}
