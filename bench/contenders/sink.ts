/*
 * The world around Faultline: takes traces, Slack messages and Twilio API requests and answers at once. Twilio's Alerts are
 * never there.
 */
import { createServer } from "node:http";
import { announce } from "./announce.ts";

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    const path = request.url ?? "";
    // An empty answer in protobuf: everything was accepted.
    if (path === "/v1/traces") response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    else if (path.startsWith("/slack")) response.writeHead(200, { "content-type": "text/plain" }).end("ok");
    else response.writeHead(404, { "content-type": "application/json" }).end('{"code":20404,"status":404}');
  });
});
announce(server);
