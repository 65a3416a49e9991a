FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY src ./src
# The demo's simulated Twilio, and deliveries for `faultline replay`.
COPY test/support ./test/support
COPY test/fixtures ./test/fixtures
RUN mkdir /data && chown node:node /data
ENV DATA_DIR=/data
USER node
EXPOSE 8080 9464
CMD ["node", "src/main.ts", "serve"]
