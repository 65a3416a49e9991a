/**
 * Lets large bodies be taken on a few at a time, in the order in which they came, `size` bytes of them together; who has waited
 * `patienceMs` goes on regardless. Resolves to what ends the turn.
 *
 * What is taken on is parsed, and then waits for the database. Were all taken on at once the collector would copy thousands of
 * parsed events back and forth, 7.4 instead of 2.8 µs an event; bytes are not copied. The patience keeps an answer within the 5 s that
 * Event Streams waits for it, also when the database does not answer those who had their turn.
 */
export function createTurns(size: number, patienceMs: number): (bytes: number) => Promise<() => void> {
  const waiting = new Set<{ readonly bytes: number; readonly goOn: () => void }>();
  let taken = 0;

  const hasRoom = (bytes: number) => taken === 0 || taken + bytes <= size;

  function begin(bytes: number): () => void {
    taken += bytes;
    return () => {
      taken -= bytes;
      for (const next of waiting) {
        if (!hasRoom(next.bytes)) return;
        next.goOn();
      }
    };
  }

  return async (bytes) => {
    if (waiting.size === 0 && hasRoom(bytes)) return begin(bytes);
    return await new Promise((resolve) => {
      const own = {
        bytes,
        goOn() {
          clearTimeout(timer);
          waiting.delete(own);
          resolve(begin(bytes));
        },
      };
      const timer = setTimeout(own.goOn, patienceMs);
      waiting.add(own);
    });
  };
}
