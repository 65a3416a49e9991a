/* Bare node:http: reads the body and answers 204. The limit of what one Node process can take in. */
import { createServer } from "node:http";
import { announce } from "./announce.ts";

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    Buffer.concat(chunks);
    response.statusCode = 204;
    response.end();
  });
});
announce(server);
