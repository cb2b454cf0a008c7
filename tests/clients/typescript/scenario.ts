// The scenario of tests/clients/scenario.py, with the client that OpenAPI Generator makes for TypeScript.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import * as rw from "./client";

const KEYCAP = "#\uFE0F\u20E3"; // an emoji that begins with "#"
const basePath = process.argv[2];
const username = `typescript-${randomUUID()}`;
const password = "correct horse 9";

class Session {
    readonly auth: rw.AuthApi;
    readonly users: rw.UsersApi;
    readonly rooms: rw.RoomsApi;
    readonly messages: rw.MessagesApi;
    readonly reactions: rw.ReactionsApi;
    readonly events: rw.EventsApi;
    readonly changes: rw.SyncApi;

    constructor(accessToken?: string) {
        const configuration = new rw.Configuration({ basePath, accessToken });
        this.auth = new rw.AuthApi(configuration);
        this.users = new rw.UsersApi(configuration);
        this.rooms = new rw.RoomsApi(configuration);
        this.messages = new rw.MessagesApi(configuration);
        this.reactions = new rw.ReactionsApi(configuration);
        this.events = new rw.EventsApi(configuration);
        this.changes = new rw.SyncApi(configuration);
    }
}

async function step<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
    const result = await run();
    console.log(name);
    return result;
}

async function problemOf(request: Promise<unknown>): Promise<rw.Problem> {
    const error = await request.then(() => assert.fail("the request succeeded"), (reason: unknown) => reason);
    if (!(error instanceof rw.ResponseError)) throw error;
    return rw.ProblemFromJSON(await error.response.json());
}

async function main(): Promise<void> {
    const guest = new Session();
    const { user } = await step("register", async () => {
        const registered = await guest.auth.authRegister({ registrationRequest: { username, password, email: `${username}@example.com` } });
        assert.equal(registered.user.username, username);
        return registered;
    });
    const first = await step("login", () => guest.auth.authLogin({ loginRequest: { username, password } }));
    const tokens = await step("refresh", () => guest.auth.authRefresh({ refreshRequest: { refreshToken: first.refreshToken } }));
    assert.notEqual(tokens.accessToken, first.accessToken);
    const { auth, users, rooms, messages, reactions, events, changes } = new Session(tokens.accessToken);

    const room = await step("create a room", () => rooms.roomsCreate({ newRoomRequest: { name: "made by TypeScript", kind: "public" } }));
    assert.equal(room.role, "owner");
    const roomId = room.id;
    const newMessageRequest = { body: "hello", data: { mood: "calm", count: 3 }, clientRef: "1" };
    const sent = await step("send a message with data", () => messages.messagesSend({ roomId, newMessageRequest }));
    assert.deepEqual(sent.data, newMessageRequest.data);
    const messageId = sent.id;
    const again = await step("send it again", () => messages.messagesSend({ roomId, newMessageRequest }));
    assert.deepEqual([again.id, again.seq], [messageId, 1]);
    await messages.messagesSend({ roomId, newMessageRequest: { body: "second", replyTo: messageId } });
    const page = await step("list the newest message", () => messages.messagesList({ roomId, limit: 1 }));
    assert.deepEqual(page.results.map((each) => [each.body, each.seq, each.replyTo]), [["second", 2, messageId]]);
    const older = await step("page back", () => messages.messagesList({ roomId, limit: 1, cursor: page.previousCursor ?? undefined }));
    assert.deepEqual(older.results.map((each) => [each.id, each.author.id]), [[messageId, user.id]]);
    const edited = await step("edit", () => messages.messagesEdit({ roomId, messageId, messageChangeRequest: { body: "hello!" } }));
    assert.deepEqual([edited.body, edited.data], ["hello!", newMessageRequest.data]);
    assert.ok(edited.editedAt instanceof Date);

    const reacted = await step("react", () => reactions.reactionsAdd({ roomId, messageId, emoji: KEYCAP }));
    assert.deepEqual(reacted.reactions, [{ emoji: KEYCAP, count: 1 }]);
    await step("take the reaction back", async () => {
        assert.deepEqual((await reactions.reactionsRemove({ roomId, messageId, emoji: KEYCAP })).reactions, []);
    });
    const marker = await step("mark as read", () => rooms.roomsRead({ roomId, positionRequest: { seq: 2 } }));
    assert.equal(marker.lastReadSeq, 2);
    const log = await step("list events", () => events.eventsList({ roomId, afterSeq: 0 }));
    assert.deepEqual(log.results.slice(0, 3).map((each) => each.type), ["message.created", "message.created", "message.updated"]);
    assert.deepEqual(rw.MessageFromJSON(log.results[2]?.data).data, newMessageRequest.data);
    const changed = await step("sync", () => changes.sync());
    assert.deepEqual([changed.rooms[0]?.room.id, changed.markers[roomId]], [roomId, 2]);
    const devices = await step("list devices", () => auth.authDevicesList());
    assert.deepEqual(devices.results.map((each) => [each.id, each.current]), [[tokens.device, true]]);
    const presence = await step("get presence", () => rooms.roomsPresence({ roomId }));
    assert.equal(presence.count, 0);
    await step("type", () => rooms.roomsTyping({ roomId, typingRequest: { typing: true } }));

    const other = { username: `other-${randomUUID()}`, password };
    await guest.auth.authRegister({ registrationRequest: other });
    const joiner = new Session((await guest.auth.authLogin({ loginRequest: other })).accessToken);
    await joiner.rooms.roomsJoin({ roomId });
    await step("leave", () => joiner.rooms.roomsLeave({ roomId }));

    const missing = await step("read a problem: 404", () => problemOf(rooms.roomsGet({ roomId: randomUUID() })));
    assert.deepEqual([missing.status, missing.code, missing.errors], [404, "not_found", undefined]);
    const invalid = await step("read a problem: 400", () => problemOf(rooms.roomsCreate({ newRoomRequest: { name: "", kind: "public" } })));
    assert.deepEqual([invalid.status, invalid.errors?.map((each) => each.pointer)], [400, ["#/name"]]);
    const deleted = await step("delete the message", () => messages.messagesDelete({ roomId, messageId }));
    assert.ok(deleted.deletedAt instanceof Date);
    await step("delete the room", () => rooms.roomsDelete({ roomId }));
    await step("log out", () => auth.authLogout());
    assert.equal((await problemOf(users.usersMe())).status, 401);
}

void main();
