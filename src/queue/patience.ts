/** What {@link within} rejects with. */
export class TimedOut extends Error {
  override readonly name = "TimedOut";
  readonly code = "ETIMEDOUT";

  constructor(milliseconds: number) {
    super(`no answer within ${milliseconds} ms`);
  }
}

/** The result of a promise, or a {@link TimedOut} rejection; a late rejection of the promise is swallowed. */
export async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new TimedOut(milliseconds)), milliseconds);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after some milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
