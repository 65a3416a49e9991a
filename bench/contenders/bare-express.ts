/* Bare express: reads the body and answers 204. */
import { createServer } from "node:http";
import express from "express";
import { announce } from "./announce.ts";

const app = express();
app.disable("x-powered-by");
app.use(express.raw({ type: () => true, limit: "1mb" }));
app.post("/twilio/debugger", (_request, response) => {
  response.status(204).end();
});
announce(createServer(app));
