// The scenario of tests/clients/scenario.py, with the client that OpenAPI Generator makes for Go.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"

	rw "github.com/GIT_USER_ID/GIT_REPO_ID"
)

const keycap = "#\uFE0F\u20E3" // an emoji that begins with "#"
const password = "correct horse 9"

// The step that the next request is, if it is one.
var step string

func unique(name string) string {
	suffix := make([]byte, 8)
	rand.Read(suffix)
	return fmt.Sprintf("%s-%x", name, suffix)
}

func got[T any](result T, _ *http.Response, err error) T {
	if err != nil {
		if refused, ok := err.(*rw.GenericOpenAPIError); ok {
			panic(fmt.Sprintf("%s: %v %s", step, err, refused.Body()))
		}
		panic(err)
	}
	if step != "" {
		fmt.Println(step)
		step = ""
	}
	return result
}

func done(response *http.Response, err error) {
	got(true, response, err)
}

func equal(found, expected any) {
	if !reflect.DeepEqual(found, expected) {
		panic(fmt.Sprintf("found %#v, expected %#v", found, expected))
	}
}

func problem[T any](_ T, response *http.Response, err error) rw.Problem {
	problem := err.(*rw.GenericOpenAPIError).Model().(rw.Problem)
	equal(int(problem.Status), response.StatusCode)
	return got(problem, response, nil)
}

func main() {
	configuration := rw.NewConfiguration()
	configuration.Servers = rw.ServerConfigurations{{URL: os.Args[1]}}
	api := rw.NewAPIClient(configuration)
	at := func(name string) *rw.APIClient {
		step = name
		return api
	}
	guest := context.Background()
	as := func(tokens *rw.Tokens) context.Context {
		return context.WithValue(guest, rw.ContextAccessToken, tokens.AccessToken)
	}

	username := unique("go")
	registration := rw.NewRegistrationRequest(username, password)
	registration.SetEmail(username + "@example.com")
	user := got(at("register").AuthAPI.AuthRegister(guest).RegistrationRequest(*registration).Execute()).User
	equal(user.Username, username)
	first := got(at("login").AuthAPI.AuthLogin(guest).LoginRequest(*rw.NewLoginRequest(username, password)).Execute())
	tokens := got(at("refresh").AuthAPI.AuthRefresh(guest).RefreshRequest(*rw.NewRefreshRequest(first.RefreshToken)).Execute())
	equal(tokens.AccessToken == first.AccessToken, false)
	me := as(tokens)

	room := got(at("create a room").RoomsAPI.RoomsCreate(me).NewRoomRequest(*rw.NewNewRoomRequest("made by Go", "public")).Execute())
	equal(*room.Role.Get(), rw.OWNER)
	data := map[string]any{"mood": "calm", "count": 3.0}
	message := rw.NewNewMessageRequest("hello")
	message.SetData(data)
	message.SetClientRef("1")
	sent := got(at("send a message with data").MessagesAPI.MessagesSend(me, room.Id).NewMessageRequest(*message).Execute())
	equal(sent.Data, data)
	again := got(at("send it again").MessagesAPI.MessagesSend(me, room.Id).NewMessageRequest(*message).Execute())
	equal([]any{again.Id, again.Seq}, []any{sent.Id, int64(1)})
	reply := rw.NewNewMessageRequest("second")
	reply.SetReplyTo(sent.Id)
	got(api.MessagesAPI.MessagesSend(me, room.Id).NewMessageRequest(*reply).Execute())
	page := got(at("list the newest message").MessagesAPI.MessagesList(me, room.Id).Limit(1).Execute())
	newest := page.Results[0]
	equal([]any{newest.Body, newest.Seq, *newest.ReplyTo.Get()}, []any{"second", int64(2), sent.Id})
	older := got(at("page back").MessagesAPI.MessagesList(me, room.Id).Limit(1).Cursor(*page.PreviousCursor.Get()).Execute()).Results
	equal([]any{len(older), older[0].Id, older[0].Author.Id}, []any{1, sent.Id, user.Id})
	change := *rw.NewMessageChangeRequest("hello!")
	edited := got(at("edit").MessagesAPI.MessagesEdit(me, room.Id, sent.Id).MessageChangeRequest(change).Execute())
	equal([]any{edited.Body, edited.Data}, []any{"hello!", data})

	reacted := got(at("react").ReactionsAPI.ReactionsAdd(me, room.Id, sent.Id, keycap).Execute())
	equal(reacted.Reactions, []rw.ReactionCount{{Emoji: keycap, Count: 1}})
	equal(len(got(at("take the reaction back").ReactionsAPI.ReactionsRemove(me, room.Id, sent.Id, keycap).Execute()).Reactions), 0)
	equal(got(at("mark as read").RoomsAPI.RoomsRead(me, room.Id).PositionRequest(*rw.NewPositionRequest(2)).Execute()).LastReadSeq, int64(2))
	log := got(at("list events").EventsAPI.EventsList(me, room.Id).AfterSeq(0).Execute()).Results
	equal([]string{log[0].Type, log[1].Type, log[2].Type}, []string{"message.created", "message.created", "message.updated"})
	var updated rw.Message
	content, _ := json.Marshal(log[2].Data)
	equal(json.Unmarshal(content, &updated), nil)
	equal(updated.Data, data)
	changes := got(at("sync").SyncAPI.Sync(me).Execute())
	equal([]any{changes.Rooms[0].Room.Id, changes.Markers}, []any{room.Id, map[string]int64{room.Id: 2}})
	device := got(at("list devices").AuthAPI.AuthDevicesList(me).Execute()).Results[0]
	equal([]any{device.Id, device.Current}, []any{tokens.Device, true})
	equal(got(at("get presence").RoomsAPI.RoomsPresence(me, room.Id).Execute()).Count, int64(0))
	done(at("type").RoomsAPI.RoomsTyping(me, room.Id).TypingRequest(*rw.NewTypingRequest(true)).Execute())

	other := unique("other")
	got(api.AuthAPI.AuthRegister(guest).RegistrationRequest(*rw.NewRegistrationRequest(other, password)).Execute())
	joiner := as(got(api.AuthAPI.AuthLogin(guest).LoginRequest(*rw.NewLoginRequest(other, password)).Execute()))
	got(api.RoomsAPI.RoomsJoin(joiner, room.Id).Execute())
	done(at("leave").RoomsAPI.RoomsLeave(joiner, room.Id).Execute())

	equal(problem(at("read a problem: 404").RoomsAPI.RoomsGet(me, sent.Id).Execute()).Code, "not_found")
	invalid := problem(at("read a problem: 400").RoomsAPI.RoomsCreate(me).NewRoomRequest(*rw.NewNewRoomRequest("", "public")).Execute())
	equal([]any{len(invalid.Errors), invalid.Errors[0].Pointer}, []any{1, "#/name"})
	equal(got(at("delete the message").MessagesAPI.MessagesDelete(me, room.Id, sent.Id).Execute()).DeletedAt.IsSet(), true)
	done(at("delete the room").RoomsAPI.RoomsDelete(me, room.Id).Execute())
	done(at("log out").AuthAPI.AuthLogout(me).Execute())
	equal(problem(api.UsersAPI.UsersMe(me).Execute()).Status, int64(401))
}
