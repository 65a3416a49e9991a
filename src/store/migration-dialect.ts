import { PostgresAdapter, PostgresDialect } from "kysely";

/**
 * PostgreSQL for kysely's migrator, without the lock that kysely takes by itself. That belongs to the session: behind a pooler in
 * transaction mode it is taken on one connection and given back on another, and whoever starts next waits for it for an hour.
 * Who runs migrations holds a lock of ours (migrate.ts).
 */
export class MigrationDialect extends PostgresDialect {
  override createAdapter(): PostgresAdapter {
    return new UnlockedAdapter();
  }
}

class UnlockedAdapter extends PostgresAdapter {
  override async acquireMigrationLock(): Promise<void> {
    // Held already.
  }

  override async releaseMigrationLock(): Promise<void> {
    // Nothing was taken.
  }
}
