import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.RequestUtils;

/**
 * Speaks the group protocol byte by byte, every version of every request, right and wrong, and
 * prints each answer. What must differ between two brokers is made equal: member ids, ports.
 *
 * <p>usage: GroupProbe HOST:PORT
 */
public final class GroupProbe {
    private static final String TOPIC = "probe-topic";
    private static Socket socket;
    private static int correlation;

    public static void main(String[] args) throws Exception {
        String[] address = args[0].split(":");
        socket = new Socket(address[0], Integer.parseInt(address[1]));
        socket.setSoTimeout(30_000);
        socket.setTcpNoDelay(true);
        createTopic();
        awaitCoordinators();
        find();
        for (int version = 0; version <= 9; version++) {
            memberLife(version);
        }
        refusedMembers();
        simpleConsumers();
        fetches();
        staticMembers();
        offsetDeletes();
        lists();
        deletes();
        socket.close();
    }

    private static ApiMessage call(ApiKeys key, int version, ApiMessage body) throws Exception {
        short v = (short) version;
        RequestHeader header = new RequestHeader(key, v, "probe", correlation++);
        ByteBuffer request = RequestUtils.serialize(header.data(), header.headerVersion(), body, v);
        byte[] bytes = new byte[request.remaining()];
        request.get(bytes);
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        out.writeInt(bytes.length);
        out.write(bytes);
        out.flush();
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] answer = new byte[in.readInt()];
        in.readFully(answer);
        ByteBufferAccessor reader = new ByteBufferAccessor(ByteBuffer.wrap(answer));
        new ResponseHeaderData(reader, key.responseHeaderVersion(v));
        ApiMessage response = ApiMessageType.fromApiKey(key.id).newResponse();
        response.read(reader, v);
        return response;
    }

    private static void print(String what, Object answer) {
        String text = answer.toString()
            .replaceAll("(probe|static-[a-z])-[0-9a-f-]{36}", "$1-ID")
            .replaceAll("port=\\d+", "port=P");
        System.out.println(what + ": " + text);
    }

    private static void say(String what, ApiKeys key, int version, ApiMessage body)
        throws Exception {
        print(what + " v" + version, call(key, version, body));
    }

    private static void createTopic() throws Exception {
        CreateTopicsRequestData.CreatableTopicCollection topics =
            new CreateTopicsRequestData.CreatableTopicCollection();
        topics.add(new CreateTopicsRequestData.CreatableTopic()
            .setName(TOPIC).setNumPartitions(2).setReplicationFactor((short) 1));
        call(ApiKeys.CREATE_TOPICS, 5,
            new CreateTopicsRequestData().setTopics(topics).setTimeoutMs(10_000));
    }

    /** Until the offsets topic is there and every coordinator has loaded. */
    private static void awaitCoordinators() throws Exception {
        for (int i = 0; i < 300; i++) {
            FindCoordinatorResponseData found = (FindCoordinatorResponseData) call(
                ApiKeys.FIND_COORDINATOR, 0, new FindCoordinatorRequestData().setKey("g"));
            boolean ready = found.errorCode() == 0;
            for (int n = 0; ready && n < 20; n++) {
                OffsetFetchResponseData fetched = (OffsetFetchResponseData) call(
                    ApiKeys.OFFSET_FETCH, 7,
                    new OffsetFetchRequestData().setGroupId("g" + n).setTopics(null));
                ready = fetched.errorCode() == 0;
            }
            if (ready) {
                return;
            }
            Thread.sleep(100);
        }
        throw new IllegalStateException("no coordinator");
    }

    private static void find() throws Exception {
        for (int v = 0; v <= 3; v++) {
            say("find", ApiKeys.FIND_COORDINATOR, v, new FindCoordinatorRequestData().setKey("g"));
        }
        for (int v = 4; v <= 6; v++) {
            say("find", ApiKeys.FIND_COORDINATOR, v,
                new FindCoordinatorRequestData().setCoordinatorKeys(List.of("g", "")));
        }
        for (int v : new int[] {1, 3}) {
            say("find nobody's", ApiKeys.FIND_COORDINATOR, v,
                new FindCoordinatorRequestData().setKey("g").setKeyType((byte) 9));
        }
        for (int type : new int[] {2, 9}) {
            for (int v : new int[] {5, 6}) {
                say("find type " + type, ApiKeys.FIND_COORDINATOR, v,
                    new FindCoordinatorRequestData().setCoordinatorKeys(List.of("g"))
                        .setKeyType((byte) type));
            }
        }
    }

    private static JoinGroupRequestData join(
        String group, String member, String instance, String type, String... protocols) {
        JoinGroupRequestData.JoinGroupRequestProtocolCollection all =
            new JoinGroupRequestData.JoinGroupRequestProtocolCollection();
        for (String name : protocols) {
            all.add(new JoinGroupRequestData.JoinGroupRequestProtocol()
                .setName(name).setMetadata(subscription()));
        }
        return new JoinGroupRequestData().setGroupId(group).setMemberId(member)
            .setGroupInstanceId(instance).setSessionTimeoutMs(30_000)
            .setRebalanceTimeoutMs(10_000).setProtocolType(type).setProtocols(all);
    }

    private static byte[] subscription() {
        ByteBuffer out = ByteBuffer.allocate(64);
        out.putShort((short) 0).putInt(1).putShort((short) TOPIC.length()).put(TOPIC.getBytes());
        return Arrays.copyOf(out.putInt(-1).array(), out.position());
    }

    private static SyncGroupRequestData sync(String group, String member, int generation, int v) {
        return new SyncGroupRequestData().setGroupId(group).setMemberId(member)
            .setGenerationId(generation)
            .setProtocolType(v >= 5 ? "consumer" : null).setProtocolName(v >= 5 ? "range" : null)
            .setAssignments(List.of(new SyncGroupRequestData.SyncGroupRequestAssignment()
                .setMemberId(member).setAssignment("all".getBytes())));
    }

    private static HeartbeatRequestData beat(String group, String member, int generation) {
        return new HeartbeatRequestData().setGroupId(group).setMemberId(member)
            .setGenerationId(generation);
    }

    private static LeaveGroupRequestData leave(String group, int version, String... members) {
        LeaveGroupRequestData request = new LeaveGroupRequestData().setGroupId(group);
        if (version < 3) {
            return request.setMemberId(members[0]);
        }
        List<LeaveGroupRequestData.MemberIdentity> all = new ArrayList<>();
        for (String member : members) {
            all.add(new LeaveGroupRequestData.MemberIdentity().setMemberId(member));
        }
        return request.setMembers(all);
    }

    private static OffsetCommitRequestData commit(
        String group, String member, int generation, String topic, int partition, String note) {
        return new OffsetCommitRequestData().setGroupId(group).setMemberId(member)
            .setGenerationIdOrMemberEpoch(generation)
            .setTopics(List.of(new OffsetCommitRequestData.OffsetCommitRequestTopic()
                .setName(topic)
                .setPartitions(List.of(new OffsetCommitRequestData.OffsetCommitRequestPartition()
                    .setPartitionIndex(partition).setCommittedOffset(5)
                    .setCommittedMetadata(note)))));
    }

    private static DescribeGroupsRequestData describe(int version, String group) {
        return new DescribeGroupsRequestData().setGroups(List.of(group))
            .setIncludeAuthorizedOperations(version >= 3);
    }

    /** Joins, gets an assignment, lives, commits, is described and leaves. */
    private static void memberLife(int version) throws Exception {
        String group = "life-" + version;
        JoinGroupResponseData joined = (JoinGroupResponseData) call(
            ApiKeys.JOIN_GROUP, version, join(group, "", null, "consumer", "range"));
        print("join v" + version, joined);
        String member = joined.memberId();
        if (joined.errorCode() != 0) {
            joined = (JoinGroupResponseData) call(
                ApiKeys.JOIN_GROUP, version, join(group, member, null, "consumer", "range"));
            print("join with id v" + version, joined);
        }
        int generation = joined.generationId();
        int v = Math.min(version, 5);
        say("sync", ApiKeys.SYNC_GROUP, v, sync(group, member, generation, v));
        v = Math.min(version, 4);
        say("beat", ApiKeys.HEARTBEAT, v, beat(group, member, generation));
        say("beat of old", ApiKeys.HEARTBEAT, v, beat(group, member, generation + 5));
        say("beat of stranger", ApiKeys.HEARTBEAT, v, beat(group, "x", generation));
        commits(Math.max(2, version), group, member, generation);
        for (int d = 0; d <= 6; d++) {
            if (version == 9 || d == version) {
                say("describe", ApiKeys.DESCRIBE_GROUPS, d, describe(d, group));
                say("describe none", ApiKeys.DESCRIBE_GROUPS, d, describe(d, "none"));
            }
        }
        v = Math.min(version, 5);
        say("leave", ApiKeys.LEAVE_GROUP, v, leave(group, v, member, "x"));
        say("describe left", ApiKeys.DESCRIBE_GROUPS, 5, describe(5, group));
        say("leave none", ApiKeys.LEAVE_GROUP, v, leave("none", v, member));
    }

    private static void commits(int v, String group, String member, int generation)
        throws Exception {
        ApiKeys key = ApiKeys.OFFSET_COMMIT;
        say("commit", key, v, commit(group, member, generation, TOPIC, 0, "note"));
        say("commit partition", key, v, commit(group, member, generation, TOPIC, 7, ""));
        say("commit topic", key, v, commit(group, member, generation, "none", 0, ""));
        say("commit generation", key, v, commit(group, member, generation + 1, TOPIC, 0, ""));
        say("commit nobody", key, v, commit(group, "", -1, TOPIC, 0, ""));
        say("commit no note", key, v, commit(group, member, generation, TOPIC, 1, null));
        String large = "x".repeat(5_000);
        say("commit large", key, v, commit(group, member, generation, TOPIC, 1, large));
    }

    private static void refusedMembers() throws Exception {
        ApiKeys join = ApiKeys.JOIN_GROUP;
        say("join no group", join, 9, join("", "", null, "consumer", "range"));
        say("join session", join, 9,
            join("refused", "", null, "consumer", "range").setSessionTimeoutMs(10));
        say("join stranger", join, 9, join("refused", "who", null, "consumer", "range"));
        say("join no protocol", join, 5, join("refused", "", null, "consumer"));
        say("join no protocol", join, 9, join("refused", "", null, "consumer"));
        say("join no type", join, 9, join("refused-too", "", null, "", "range"));
        say("sync none", ApiKeys.SYNC_GROUP, 5, sync("none", "m", 1, 5));
        say("sync no group", ApiKeys.SYNC_GROUP, 5, sync("", "m", 1, 5));
        say("sync no type", ApiKeys.SYNC_GROUP, 5, sync("none", "m", 1, 4));
        say("beat none", ApiKeys.HEARTBEAT, 4, beat("none", "m", 0));
        say("beat no group", ApiKeys.HEARTBEAT, 4, beat("", "m", 0));
        say("leave no group", ApiKeys.LEAVE_GROUP, 4, leave("", 4, "m"));
        say("leave nobody", ApiKeys.LEAVE_GROUP, 4, leave("life-3", 4));
    }

    private static void simpleConsumers() throws Exception {
        ApiKeys key = ApiKeys.OFFSET_COMMIT;
        for (int v = 2; v <= 9; v++) {
            OffsetCommitRequestData request = commit("simple", "", -1, TOPIC, 0, "s");
            say("simple commit", key, v, v == 4 ? request.setRetentionTimeMs(1_000_000) : request);
        }
        say("commit of none", key, 8, commit("none", "m", 3, TOPIC, 0, ""));
        say("commit of none", key, 9, commit("none", "m", 3, TOPIC, 0, ""));
        say("commit no group", key, 9, commit("", "", -1, TOPIC, 0, ""));
    }

    private static void fetches() throws Exception {
        ApiKeys key = ApiKeys.OFFSET_FETCH;
        List<OffsetFetchRequestData.OffsetFetchRequestTopic> topics = List.of(
            new OffsetFetchRequestData.OffsetFetchRequestTopic()
                .setName(TOPIC).setPartitionIndexes(List.of(0, 1, 9)),
            new OffsetFetchRequestData.OffsetFetchRequestTopic()
                .setName("none").setPartitionIndexes(List.of(0)));
        for (int v = 1; v <= 7; v++) {
            for (String group : List.of("simple", "none")) {
                say("fetch " + group, key, v,
                    new OffsetFetchRequestData().setGroupId(group).setTopics(topics));
                if (v >= 2) {
                    say("fetch all " + group, key, v, new OffsetFetchRequestData()
                        .setGroupId(group).setTopics(null).setRequireStable(v >= 7));
                }
            }
        }
        for (int v = 8; v <= 9; v++) {
            List<OffsetFetchRequestData.OffsetFetchRequestGroup> groups = new ArrayList<>();
            for (String group : List.of("simple", "none", "")) {
                groups.add(new OffsetFetchRequestData.OffsetFetchRequestGroup()
                    .setGroupId(group).setTopics(null));
            }
            groups.add(new OffsetFetchRequestData.OffsetFetchRequestGroup().setGroupId("life-9")
                .setTopics(List.of(new OffsetFetchRequestData.OffsetFetchRequestTopics()
                    .setName(TOPIC).setPartitionIndexes(List.of(0, 1)))));
            say("fetch groups", key, v,
                new OffsetFetchRequestData().setRequireStable(true).setGroups(groups));
        }
    }

    /** A static member is replaced again and again, and those fenced find out. */
    private static void staticMembers() throws Exception {
        String[] protocols = {"range", "roundrobin"};
        JoinGroupResponseData joined = (JoinGroupResponseData) call(ApiKeys.JOIN_GROUP, 9,
            join("static", "", "static-a", "consumer", protocols));
        print("static join", joined);
        String member = joined.memberId();
        say("static sync", ApiKeys.SYNC_GROUP, 5,
            sync("static", member, joined.generationId(), 5));
        for (int v : new int[] {5, 7, 8, 9}) {
            JoinGroupResponseData replaced = (JoinGroupResponseData) call(ApiKeys.JOIN_GROUP, v,
                join("static", "", "static-a", "consumer", protocols));
            boolean old = replaced.leader().equals(member);
            print("static replaced v" + v + (old ? " led by old" : " led by new"), replaced);
            say("static fenced", ApiKeys.HEARTBEAT, 4,
                beat("static", member, 1).setGroupInstanceId("static-a"));
            say("static fenced", ApiKeys.JOIN_GROUP, v,
                join("static", member, "static-a", "consumer", protocols));
            member = replaced.memberId();
            say("static stranger", ApiKeys.HEARTBEAT, 4,
                beat("static", member, 1).setGroupInstanceId("static-z"));
        }
        say("static describe", ApiKeys.DESCRIBE_GROUPS, 6, describe(6, "static"));
    }

    private static void offsetDeletes() throws Exception {
        for (String group : List.of("static", "none", "", "life-9")) {
            OffsetDeleteRequestData.OffsetDeleteRequestTopicCollection topics =
                new OffsetDeleteRequestData.OffsetDeleteRequestTopicCollection();
            for (String topic : List.of(TOPIC, "none")) {
                topics.add(new OffsetDeleteRequestData.OffsetDeleteRequestTopic().setName(topic)
                    .setPartitions(List.of(new OffsetDeleteRequestData
                        .OffsetDeleteRequestPartition().setPartitionIndex(0))));
            }
            say("offset delete " + group, ApiKeys.OFFSET_DELETE, 0,
                new OffsetDeleteRequestData().setGroupId(group).setTopics(topics));
        }
    }

    private static void list(String what, int version, ListGroupsRequestData request)
        throws Exception {
        ListGroupsResponseData listed =
            (ListGroupsResponseData) call(ApiKeys.LIST_GROUPS, version, request);
        // in the order of coordinators, which is nobody's promise
        listed.groups().sort(Comparator.comparing(ListGroupsResponseData.ListedGroup::groupId));
        print(what + " v" + version, listed);
    }

    private static void lists() throws Exception {
        for (int v = 0; v <= 5; v++) {
            list("list", v, new ListGroupsRequestData());
        }
        for (String state : List.of("Stable", "stable", "EMPTY", "Bogus", "PreparingRebalance")) {
            list("list " + state, 4, new ListGroupsRequestData().setStatesFilter(List.of(state)));
        }
        for (String type : List.of("classic", "Classic", "consumer", "bogus")) {
            list("list " + type, 5, new ListGroupsRequestData().setTypesFilter(List.of(type)));
        }
    }

    private static void deletes() throws Exception {
        for (int v = 0; v <= 2; v++) {
            List<String> groups = List.of("life-" + v, "static", "none", "", "life-" + v);
            DeleteGroupsResponseData deleted = (DeleteGroupsResponseData) call(
                ApiKeys.DELETE_GROUPS, v, new DeleteGroupsRequestData().setGroupsNames(groups));
            List<String> results = new ArrayList<>();
            deleted.results().forEach(result -> results.add(result.toString()));
            Collections.sort(results);
            print("delete v" + v, results);
        }
        say("leave by name", ApiKeys.LEAVE_GROUP, 5, new LeaveGroupRequestData()
            .setGroupId("static").setMembers(List.of(
                new LeaveGroupRequestData.MemberIdentity()
                    .setGroupInstanceId("static-a").setReason("because"),
                new LeaveGroupRequestData.MemberIdentity().setGroupInstanceId("static-z"))));
        say("describe left", ApiKeys.DESCRIBE_GROUPS, 6, describe(6, "static"));
    }
}
