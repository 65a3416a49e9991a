import { describe } from "vitest";
import { noticeStoreSuite } from "../contract/notice-store.suite.ts";

describe("log of notices on the embedded database", () => noticeStoreSuite("embedded"));
