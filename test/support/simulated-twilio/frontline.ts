import type { SimulatedConversations } from "./conversations-state.ts";
import { type Done, done, notFound, refuse } from "./exchange.ts";
import type { Route } from "./router.ts";
import type { World } from "./world.ts";

/** Source: https://www.twilio.com/docs/frontline/frontline-user-resource */
export interface FrontlineUser {
  sid: string;
  identity: string;
  friendly_name: string;
  avatar: string;
  state: "active" | "deactivated";
  is_available: boolean;
}

/** Frontline of one account: users, and the outgoing conversations they start. */
export class SimulatedFrontline {
  readonly users = new Map<string, FrontlineUser>();
  readonly world: World;
  readonly conversations: SimulatedConversations;

  constructor(world: World, conversations: SimulatedConversations) {
    this.world = world;
    this.conversations = conversations;
  }

  createUser(identity: string, fields: Partial<FrontlineUser> = {}): FrontlineUser {
    const user: FrontlineUser = {
      sid: this.world.nextSid("US"),
      identity,
      friendly_name: identity,
      avatar: "https://example.com/profile.png",
      state: "active",
      is_available: true,
      ...fields,
    };
    this.users.set(user.sid, user);
    return user;
  }

  find(sidOrIdentity: string): FrontlineUser | null {
    const byIdentity = [...this.users.values()].find((user) => user.identity === sidOrIdentity);
    return this.users.get(sidOrIdentity) ?? byIdentity ?? null;
  }

  /**
   * What the Frontline app does when a user writes to a contact: opens the Conversation the user is already in, else
   * creates one; refused with 48031 while another Conversation, not closed, holds the pair. Returns the CH sid.
   */
  startOutgoingConversation(request: {
    worker: string;
    contact: string;
    proxyAddress: string;
    service?: string;
  }): Done<string> {
    const { conversations } = this;
    const holder = conversations.holderOf(request.contact, request.proxyAddress);
    if (holder !== null) {
      const isMember = conversations.participantsOf(holder.sid).some(({ identity }) => identity === request.worker);
      if (isMember) return done(holder.sid);
      return refuse(
        409,
        48031,
        "Outgoing conversation: Conversation with this contact and proxy address already exists",
      );
    }
    const created = conversations.createConversation({
      chat_service_sid: request.service ?? conversations.defaultService,
    });
    conversations.addParticipant(created, { address: request.contact, proxyAddress: request.proxyAddress });
    conversations.addParticipant(created, { identity: request.worker });
    return done(created.sid);
  }
}

/** `GET /v1/Users/{sid or identity}`. */
export function frontlineRoutes(of: (account: string) => SimulatedFrontline): Route[] {
  return [
    {
      method: "GET",
      host: "frontline-api.twilio.com",
      pattern: "/v1/Users/:user",
      handle: (exchange, params) => {
        const user = of(exchange.account).find(params.user ?? "");
        if (user === null) return notFound(exchange.path);
        return { status: 200, body: { ...user, url: `https://frontline-api.twilio.com/v1/Users/${user.sid}` } };
      },
    },
  ];
}
