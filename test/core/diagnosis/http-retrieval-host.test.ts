import { expect, test } from "vitest";
import { isPlainHost, isPrivateHost, withoutPort } from "../../../src/core/diagnosis/public-host.ts";

const privateHosts = [
  "localhost",
  "localhost:3000",
  "app.localhost",
  "127.0.0.1",
  "127.8.9.1:80",
  "0.0.0.0",
  "10.1.2.3",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.0.1:8080",
  "169.254.169.254",
  "100.64.0.1",
  "100.127.0.1",
  "[::1]",
  "[::1]:8080",
  "[::]",
  "[fd12:3456::1]",
  "[fc00::1]",
  "[fe80::1]",
  "printer.local",
  "app.internal.",
  "intranet",
  "web:8080",
  "x.test",
];
const publicHosts = [
  "example.com",
  "hooks.example.com:8443",
  "example.com.",
  "8.8.8.8",
  "11.0.0.1",
  "172.15.0.1",
  "172.32.0.1",
  "192.169.0.1",
  "100.63.0.1",
  "100.128.0.1",
  "169.253.0.1",
  "[2001:db8::1]",
  "[2606:4700::1]:443",
  "local.example.com",
  "localhost.example.com",
  "10.example.com",
];

test.each(privateHosts)("%s is private", (host) => {
  expect(isPrivateHost(host)).toBe(true);
});

test.each(publicHosts)("%s is public", (host) => {
  expect(isPrivateHost(host)).toBe(false);
});

test("withoutPort leaves the name", () => {
  expect(["a.example.com:80", "a.example.com", "[::1]:80", "[::1]"].map(withoutPort)).toEqual([
    "a.example.com",
    "a.example.com",
    "[::1]",
    "[::1]",
  ]);
});

test.each([
  ["a-b.example.com:8443", true],
  ["10.0.0.1", true],
  ["-a.example.com", false],
  ["a;b", false],
  ["[::1]", false],
  ["", false],
])("%j may go into a command: %j", (host, may) => {
  expect(isPlainHost(host)).toBe(may);
});
