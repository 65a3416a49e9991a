import { describe } from "vitest";
import { eventStoreSuite } from "../contract/event-store.suite.ts";

describe("event store on the embedded database", () => eventStoreSuite("embedded"));
