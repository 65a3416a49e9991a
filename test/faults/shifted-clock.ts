/*
 * Loaded into a process before Faultline (`node --import`): its time of day jumps with every SIGUSR2, an hour forth, back, an
 * hour back, forth. What counts time instead of telling it (timers, performance.now) goes on, as with a real clock that is set.
 */
const hourMs = 3_600_000;
const jumps = [hourMs, 0, -hourMs, 0];
const Real = Date;
let jumped = 0;
let offset = 0;

process.on("SIGUSR2", () => {
  offset = jumps[jumped % jumps.length] ?? 0;
  jumped += 1;
});

globalThis.Date = new Proxy(Real, {
  construct: (target, args, newTarget) =>
    Reflect.construct(
      target,
      args.length === 0 ? [Real.now() + offset] : args,
      newTarget === Date ? target : newTarget,
    ),
  get: (target, name) => (name === "now" ? () => Real.now() + offset : Reflect.get(target, name)),
});
