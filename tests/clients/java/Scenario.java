// The scenario of tests/clients/scenario.py, with the client that OpenAPI Generator makes for Java and java.net.http.
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.*;
import org.openapitools.client.model.*;

public final class Scenario {
    private static final String KEYCAP = "#\uFE0F\u20E3"; // an emoji that begins with "#"
    private static final String PASSWORD = "correct horse 9";
    private static String url;

    private interface Request<T> {
        T send() throws Exception;
    }

    private interface Command {
        void send() throws Exception;
    }

    private static <T> T step(String name, Request<T> request) throws Exception {
        T result = request.send();
        System.out.println(name);
        return result;
    }

    private static void step(String name, Command command) throws Exception {
        step(name, () -> { command.send(); return null; });
    }

    private static void equal(Object found, Object expected) {
        if (!Objects.equals(found, expected)) throw new AssertionError("found " + found + ", expected " + expected);
    }

    /** The HTTP client is the default one: over http:// it offers an upgrade to HTTP/2 with every request. */
    private static ApiClient client(String accessToken) {
        ApiClient client = new ApiClient();
        client.updateBaseUri(url);
        if (accessToken != null) client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + accessToken));
        return client;
    }

    private static Problem problem(Command command) throws Exception {
        try {
            command.send();
        } catch (ApiException refused) {
            Problem problem = ApiClient.createDefaultObjectMapper().readValue(refused.getResponseBody(), Problem.class);
            equal((long) refused.getCode(), problem.getStatus());
            return problem;
        }
        throw new AssertionError("the request succeeded");
    }

    public static void main(String[] arguments) throws Exception {
        url = arguments[0];
        String username = "java-" + UUID.randomUUID();
        AuthApi guest = new AuthApi(client(null));
        User user = step("register", () -> guest.authRegister(
            new RegistrationRequest().username(username).password(PASSWORD).email(username + "@example.com"), null)).getUser();
        equal(user.getUsername(), username);
        Tokens first = step("login", () -> guest.authLogin(new LoginRequest().username(username).password(PASSWORD)));
        Tokens tokens = step("refresh", () -> guest.authRefresh(new RefreshRequest().refreshToken(first.getRefreshToken())));
        equal(tokens.getAccessToken().equals(first.getAccessToken()), false);
        ApiClient client = client(tokens.getAccessToken());
        AuthApi auth = new AuthApi(client);
        RoomsApi rooms = new RoomsApi(client);
        MessagesApi messages = new MessagesApi(client);
        ReactionsApi reactions = new ReactionsApi(client);

        NewRoomRequest newRoom = new NewRoomRequest().name("made by Java").kind(NewRoomRequest.KindEnum.PUBLIC);
        Room room = step("create a room", () -> rooms.roomsCreate(newRoom, null));
        equal(room.getRole(), Role.OWNER);
        UUID roomId = room.getId();
        Map<String, Object> data = Map.of("mood", "calm", "count", 3);
        NewMessageRequest newMessage = new NewMessageRequest().body("hello").data(data).clientRef("1");
        Message sent = step("send a message with data", () -> messages.messagesSend(roomId, newMessage, null));
        equal(sent.getData(), data);
        UUID messageId = sent.getId();
        Message again = step("send it again", () -> messages.messagesSend(roomId, newMessage, null));
        equal(List.of(again.getId(), again.getSeq()), List.of(messageId, 1L));
        messages.messagesSend(roomId, new NewMessageRequest().body("second").replyTo(messageId), null);
        MessagePage page = step("list the newest message", () -> messages.messagesList(roomId, null, null, 1L, null));
        Message newest = page.getResults().get(0);
        equal(List.of(newest.getBody(), newest.getSeq(), newest.getReplyTo()), List.of("second", 2L, messageId));
        List<Message> older = step("page back", () -> messages.messagesList(roomId, null, null, 1L, page.getPreviousCursor())).getResults();
        equal(older.stream().map(each -> List.of(each.getId(), each.getAuthor().getId())).toList(), List.of(List.of(messageId, user.getId())));
        Message edited = step("edit", () -> messages.messagesEdit(roomId, messageId, new MessageChangeRequest().body("hello!")));
        equal(List.of(edited.getBody(), edited.getData()), List.of("hello!", data));

        Message reacted = step("react", () -> reactions.reactionsAdd(roomId, messageId, KEYCAP));
        equal(reacted.getReactions(), List.of(new ReactionCount().emoji(KEYCAP).count(1L)));
        Message bare = step("take the reaction back", () -> reactions.reactionsRemove(roomId, messageId, KEYCAP));
        equal(bare.getReactions(), List.of());
        ReadMarker marker = step("mark as read", () -> rooms.roomsRead(roomId, new PositionRequest().seq(2L)));
        equal(marker.getLastReadSeq(), 2L);
        List<Event> log = step("list events", () -> new EventsApi(client).eventsList(roomId, 0L, null, null, null)).getResults();
        equal(log.stream().limit(3).map(Event::getType).toList(), List.of("message.created", "message.created", "message.updated"));
        equal(client.getObjectMapper().convertValue(log.get(2).getData(), Message.class).getData(), data);
        Changes changes = step("sync", () -> new SyncApi(client).sync(null));
        equal(List.of(changes.getRooms().get(0).getRoom().getId(), changes.getMarkers()), List.of(roomId, Map.of(roomId.toString(), 2L)));
        SignedIn device = step("list devices", () -> auth.authDevicesList()).getResults().get(0);
        equal(List.of(device.getId(), device.getCurrent()), List.of(tokens.getDevice(), true));
        equal(step("get presence", () -> rooms.roomsPresence(roomId)).getCount(), 0L);
        step("type", () -> rooms.roomsTyping(roomId, new TypingRequest().typing(true)));

        String other = "other-" + UUID.randomUUID();
        guest.authRegister(new RegistrationRequest().username(other).password(PASSWORD), null);
        Tokens others = guest.authLogin(new LoginRequest().username(other).password(PASSWORD));
        RoomsApi joiner = new RoomsApi(client(others.getAccessToken()));
        joiner.roomsJoin(roomId, null);
        step("leave", () -> joiner.roomsLeave(roomId));

        Problem missing = step("read a problem: 404", () -> problem(() -> rooms.roomsGet(UUID.randomUUID())));
        equal(missing.getCode(), "not_found");
        Problem invalid = step("read a problem: 400", () -> problem(() -> rooms.roomsCreate(new NewRoomRequest().name("").kind(NewRoomRequest.KindEnum.PUBLIC), null)));
        equal(invalid.getErrors().stream().map(ProblemError::getPointer).toList(), List.of("#/name"));
        equal(step("delete the message", () -> messages.messagesDelete(roomId, messageId)).getDeletedAt() == null, false);
        step("delete the room", () -> rooms.roomsDelete(roomId));
        step("log out", () -> auth.authLogout());
        equal(problem(() -> new UsersApi(client).usersMe()).getStatus(), 401L);
    }
}
