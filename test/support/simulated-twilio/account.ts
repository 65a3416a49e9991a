import { conversationsRoutes } from "./conversations-routes.ts";
import { SimulatedConversations } from "./conversations-state.ts";
import { notFound } from "./exchange.ts";
import { frontlineRoutes, SimulatedFrontline } from "./frontline.ts";
import { monitorRoutes, SimulatedMonitor } from "./monitor.ts";
import { proxyRoutes } from "./proxy-routes.ts";
import { SimulatedProxy } from "./proxy-state.ts";
import type { Route } from "./router.ts";
import { createWorld, type World } from "./world.ts";

/** An account and what may authenticate as it. */
export interface AccountSetup {
  readonly sid: string;
  /** Auth tokens in force (two while rotating). */
  readonly tokens: readonly string[];
  /** Of a subaccount: its parent, which may read its token. */
  readonly parent?: string;
  readonly apiKeys?: readonly { readonly sid: string; readonly secret: string }[];
}

/** One account's resources. */
export interface SimulatedAccount {
  readonly sid: string;
  readonly monitor: SimulatedMonitor;
  readonly proxy: SimulatedProxy;
  readonly conversations: SimulatedConversations;
  readonly frontline: SimulatedFrontline;
}

/** Everything the server knows; tests read and change it directly. */
export interface SimulatedState {
  readonly setups: readonly AccountSetup[];
  readonly world: World;
  /** An account by sid; without one, the first. Throws for an unknown account. */
  account(sid?: string): SimulatedAccount;
  /** The account these Basic credentials belong to, or null. */
  authenticate(user: string, password: string): string | null;
}

export function createState(setups: readonly AccountSetup[], now: () => Date): SimulatedState {
  const world = createWorld(now);
  const accounts = new Map(setups.map((setup) => [setup.sid, createAccount(setup.sid, world)]));
  return {
    setups,
    world,
    account(sid = setups[0]?.sid ?? "") {
      const account = accounts.get(sid);
      if (account === undefined)
        throw new Error(`no simulated account ${sid}; known: ${[...accounts.keys()].join(", ")}`);
      return account;
    },
    authenticate(user, password) {
      const owner = setups.find(
        ({ sid, tokens, apiKeys = [] }) =>
          (sid === user && tokens.includes(password)) ||
          apiKeys.some((key) => key.sid === user && key.secret === password),
      );
      return owner?.sid ?? null;
    },
  };
}

function createAccount(sid: string, world: World): SimulatedAccount {
  const conversations = new SimulatedConversations(sid, world);
  return {
    sid,
    monitor: new SimulatedMonitor(sid, world),
    proxy: new SimulatedProxy(sid, world),
    conversations,
    frontline: new SimulatedFrontline(world, conversations),
  };
}

/** All endpoints. Like Twilio's, each sees only the account that authenticated, but for the tokens of its subaccounts. */
export function allRoutes(state: SimulatedState): Route[] {
  return [
    ...monitorRoutes((sid) => state.account(sid).monitor),
    ...proxyRoutes((sid) => state.account(sid).proxy),
    ...conversationsRoutes((sid) => state.account(sid).conversations),
    ...frontlineRoutes((sid) => state.account(sid).frontline),
    {
      method: "GET",
      host: "api.twilio.com",
      pattern: "/2010-04-01/Accounts/:file",
      handle: (exchange, params) => {
        const found = state.setups.find(({ sid, parent = sid }) => {
          return `${sid}.json` === params.file && [sid, parent].includes(exchange.account);
        });
        return found === undefined ? notFound(exchange.path) : { status: 200, body: showAccount(found) };
      },
    },
  ];
}

/** https://www.twilio.com/docs/iam/api/account */
function showAccount({ sid, tokens, parent = sid }: AccountSetup): unknown {
  const name = { friendly_name: "Simulated", status: "active", type: "Full" };
  return { sid, owner_account_sid: parent, auth_token: tokens[0], ...name };
}
