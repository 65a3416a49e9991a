import { describe } from "vitest";
import { noticeStoreSuite } from "../contract/notice-store.suite.ts";
import { storeAvailable } from "../support/store.ts";

describe.skipIf(!storeAvailable("postgres"))("log of notices on PostgreSQL (skipped where it is not installed)", () =>
  noticeStoreSuite("postgres"),
);
