import { expect, onTestFinished, test } from "vitest";
import { failureOfStatus, maxAnswerBytes, postJson } from "../../src/notify/http-post.ts";
import { type ReceiverAnswer, startReceiver } from "../support/receivers/server.ts";

const clock = { now: () => new Date("2026-01-02T03:04:30.000Z") };

async function double(answer: ReceiverAnswer = { status: 200, body: "ok" }) {
  const started = await startReceiver(() => answer);
  onTestFinished(() => started.stop());
  return started;
}

test("gives status, wait and body", async () => {
  const receiver = await double({ status: 418, headers: { "retry-after": "3" }, body: "short and stout" });
  expect(await postJson({ url: receiver.url, body: "{}" }, { clock })).toEqual({
    answer: { status: 418, retryAfter: "3", body: "short and stout" },
  });
});

test("sends the body as it is, with the headers given", async () => {
  const receiver = await double();
  await postJson({ url: receiver.url, body: '{"a":"é"}', headers: { "webhook-id": "1" } }, { clock });
  expect(receiver.received[0]).toMatchObject({ body: '{"a":"é"}', headers: { "webhook-id": "1" } });
});

test("asks for an answer that is not compressed: a small one could hide a huge one", async () => {
  const receiver = await double();
  await postJson({ url: receiver.url, body: "{}" }, { clock });
  expect(receiver.received[0]?.headers["accept-encoding"]).toBe("identity");
});

test("user info in the URL is sent as Basic credentials", async () => {
  const receiver = await double();
  const url = receiver.url.replace("http://", "http://us%40er:p%3Ass@");
  expect(await postJson({ url, body: "{}" }, { clock })).toMatchObject({ answer: { status: 200 } });
  expect(receiver.received[0]?.headers.authorization).toBe(`Basic ${Buffer.from("us@er:p:ss").toString("base64")}`);
});

test("user info with a lone percent sign is taken as it stands", async () => {
  const receiver = await double();
  await postJson({ url: receiver.url.replace("http://", "http://user:50%@"), body: "{}" }, { clock });
  expect(receiver.received[0]?.headers.authorization).toBe(`Basic ${Buffer.from("user:50%").toString("base64")}`);
});

test.each(["", "not a url", "file:///etc/passwd", "ftp://example.com/", "//example.com"])(
  "%j is no place to send to, now or later",
  async (url) => {
    expect(await postJson({ url, body: "{}" }, { clock })).toEqual({
      failure: { ok: false, reason: "clientError", retry: false },
    });
  },
);

test("a header that cannot be sent is a failure, not an exception", async () => {
  const receiver = await double();
  const headers = { authorization: "Bearer xoxb\nX-Injected: 1" };
  expect(await postJson({ url: receiver.url, body: "{}", headers }, { clock })).toHaveProperty("failure.ok", false);
  expect(receiver.received).toEqual([]);
});

test.each([
  [maxAnswerBytes, maxAnswerBytes],
  [maxAnswerBytes + 1, undefined],
])("of an answer of %i bytes %j are read", async (size, length) => {
  const receiver = await double({ status: 200, body: "x".repeat(size) });
  const result = await postJson({ url: receiver.url, body: "{}" }, { clock });
  expect("answer" in result && result.answer.body?.length).toBe(length);
});

test.each([200, 201, 202, 204, 299])("%i is no failure", (status) => {
  expect(failureOfStatus({ status, retryAfter: null, body: null }, clock.now())).toBeNull();
});

test.each([100, 199, 300, 304, 399, 402, 405, 407, 409, 451, 499])("%i is the client's mistake", (status) => {
  expect(failureOfStatus({ status, retryAfter: "5", body: null }, clock.now())).toEqual({
    ok: false,
    reason: "clientError",
    retry: false,
  });
});
