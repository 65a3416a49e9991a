import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { postgresAndRedis } from "../support/backends.ts";
import { expectExactBooks } from "../support/books.ts";
import { courier, type Signer, streamParcel, webhookParcel } from "../support/deliver.ts";
import { account, type Faultline, publicUrl, useFaultlines } from "../support/faultline.ts";
import { haproxyAvailable, startHaproxy } from "../support/haproxy.ts";
import { useSurroundings } from "../support/notices.ts";
import { freePort } from "../support/redis.ts";
import { errorEvent } from "../support/sign.ts";
import { startSimulatedTwilio } from "../support/simulated-twilio/server.ts";
import { until } from "../support/until.ts";

/*
 * The steps of docs/operations/rotate-auth-token.md, with deliveries coming in all the time.
 */

const surroundings = useSurroundings();
const faultlines = useFaultlines();

const old: Signer = { token: account.token, publicUrl };
const fresh: Signer = { token: "fedcba9876543210fedcba9876543210", publicUrl };

test.skipIf(!postgresAndRedis.available || !haproxyAvailable())(
  "an auth token is rotated: deliveries signed with the old and the new one are taken at every step, none is refused",
  async () => {
    const backend = await surroundings.open(postgresAndRedis);
    const tokenFile = join(faultlines.folder(), "token");
    // What Twilio's REST API takes.
    const valid = [old.token];
    const twilio = await surroundings.started(
      startSimulatedTwilio({ accounts: [{ sid: account.sid, tokens: valid }] }),
    );
    const addresses = [
      { port: await freePort(), adminPort: await freePort() },
      { port: await freePort(), adminPort: await freePort() },
    ];
    const start = (index: number): Promise<Faultline> => {
      const { port, adminPort } = addresses[index] ?? { port: 0, adminPort: 0 };
      const ports = { PORT: String(port), ADMIN_PORT: String(adminPort) };
      // The file in place of the variable: that is what a secret of Kubernetes is.
      const env = { TWILIO_AUTH_TOKEN: "", TWILIO_AUTH_TOKEN_FILE: tokenFile, TWILIO_API_BASE_URL: twilio.baseUrl };
      return faultlines.start({ ...backend.env, ...env, ...ports, DRAIN_DELAY: "5s" });
    };
    writeFileSync(tokenFile, `${old.token}\n`);
    const processes = [await start(0), await start(1)];
    const haproxy = await surroundings.started(startHaproxy(addresses));

    const sender = courier(haproxy.port, 2);
    const sids = new Set<string>();
    const statuses = new Map<string, number>();
    let signers: readonly [string, Signer][] = [["old", old]];
    let ended = false;
    async function deliverOn(): Promise<void> {
      for (let count = 1; !ended; count += 2) {
        for (const [name, signer] of signers) {
          const event = errorEvent({ code: 11_200 }, count);
          const other = errorEvent({ code: 11_200 }, count + 1);
          for (const parcel of [webhookParcel(event, signer), streamParcel([event, other], signer)]) {
            const { status } = await sender.send(parcel);
            statuses.set(`${name} ${status}`, (statuses.get(`${name} ${status}`) ?? 0) + 1);
          }
          sids.add(event.sid).add(other.sid);
        }
        await wait(10);
      }
    }
    async function restartAll(): Promise<void> {
      for (const [index, process] of processes.entries()) {
        await process.stop();
        processes[index] = await start(index);
        const port = addresses[index]?.port ?? 0;
        await until("haproxy to see it again", 15_000, async () => (await haproxy.up()).includes(port));
      }
    }
    async function taken(name: string): Promise<void> {
      const before = statuses.get(`${name} 204`) ?? 0;
      await until(`deliveries signed with ${name}`, 10_000, () => (statuses.get(`${name} 204`) ?? 0) > before + 20);
    }

    const delivering = deliverOn();
    await taken("old");
    // 1. Created: it signs nothing yet.
    valid.push(fresh.token);
    // 2. Both tokens, before Twilio uses the new one.
    writeFileSync(tokenFile, `${old.token},${fresh.token}\n`);
    await restartAll();
    await taken("old");
    // 3. Promoted: the old one is void; what it signed may still be on its way.
    valid.shift();
    twilio.calls.reset();
    signers = [
      ["new", fresh],
      ["old", old],
    ];
    await taken("new");
    await taken("old");
    const opened = errorEvent({ code: 11_205 }, 1_000_000);
    sids.add(opened.sid);
    expect((await sender.send(webhookParcel(opened, fresh))).status).toBe(204);
    await until("Twilio to be asked with the new token", 20_000, () =>
      twilio.calls.all.some((call) => call.account === account.sid),
    );
    // 4. Hours later: only the new one.
    signers = [["new", fresh]];
    writeFileSync(tokenFile, `${fresh.token}\n`);
    await restartAll();
    await taken("new");
    ended = true;
    await delivering;

    expect([...statuses.keys()].toSorted()).toEqual(["new 204", "old 204"]);
    const [observer] = processes;
    if (observer === undefined) throw new Error("expected a process");
    await expectExactBooks(observer, { acknowledged: sids, sent: sids });
    const refused = await sender.send(webhookParcel(errorEvent({ code: 11_200 }, 1), old));
    expect(refused.status).toBe(403);
    sender.close();
    await Promise.all(processes.map((process) => process.stop()));
  },
);
