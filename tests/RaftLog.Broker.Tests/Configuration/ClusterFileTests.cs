using System.Text;
using RaftLog.Broker.Configuration;
using RaftLog.Protocol;

namespace RaftLog.Broker.Tests.Configuration;

public class ClusterFileTests
{
    private const string Two = """
        {
          "defaults": { "min.insync.replicas": 2, "log.retention.hours": 1 },
          "nodes": [
            { "node.id": 1, "listeners": "PLAINTEXT://h1:9092,CONTROLLER://h1:9093" },
            { "node.id": 2, "listeners": ["PLAINTEXT://h2:9092", "CONTROLLER://h2:9093"], "min.insync.replicas": 1, "auto.create.topics.enable": false }
          ]
        }
        """;

    [Fact]
    public void Defaults_hold_for_all_nodes_and_entries_override_them()
    {
        ClusterFile file = Read(Two);
        Assert.Equal([new NodeId(1), new NodeId(2)], file.Nodes.Select(node => node.NodeId));
        Assert.Equal(2, file.Nodes[0].LogDefaults.MinInsyncReplicas);
        Assert.Equal(1, file.Nodes[1].LogDefaults.MinInsyncReplicas);
        Assert.Equal(3_600_000, file.Nodes[1].LogDefaults.Retention.AgeMs);
        Assert.True(file.Nodes[0].Topics.AutoCreate);
        Assert.False(file.Nodes[1].Topics.AutoCreate);
    }

    [Fact]
    public void Roles_controller_listener_voters_and_directories_follow_from_the_nodes()
    {
        NodeConfiguration node = Read(Two).Node(new NodeId(2));
        Assert.Equal(ProcessRoles.Broker | ProcessRoles.Controller, node.Roles);
        Assert.Equal(["CONTROLLER"], node.Listeners.Controllers);
        Assert.Equal("PLAINTEXT", node.Listeners.InterBroker);
        Assert.Equal([new QuorumVoter(new(1), "h1", 9093), new QuorumVoter(new(2), "h2", 9093)], node.Quorum.Voters);
        Assert.Equal(["data/node-2"], node.Storage.LogDirs);
        Assert.Equal("data/node-2", node.Storage.MetadataLogDir);
    }

    [Fact]
    public void Flushing_before_acknowledging_is_the_default() => Assert.Equal(1, Read(Two).Nodes[0].LogDefaults.Flush.Messages);

    [Fact]
    public void The_cluster_id_is_optional()
    {
        Assert.Null(Read(Two).ClusterId);
        Assert.Equal("abc", Read(Two.Replace("\"defaults\"", "\"cluster.id\": \"abc\", \"defaults\"")).ClusterId);
    }

    [Fact]
    public void The_files_that_come_with_the_project_are_good()
    {
        foreach (string name in (string[])["cluster.json", "docs/examples/single-node.json", "docs/examples/five-nodes.json"])
        {
            ClusterFile file = ClusterFile.Read(name, File.ReadAllBytes(Path.Combine(RepositoryFiles.Root, name)));
            Assert.All(file.Nodes, node => Assert.Empty(node.Warnings));
        }

        ClusterFile root = ClusterFile.Read("cluster.json", File.ReadAllBytes(Path.Combine(RepositoryFiles.Root, "cluster.json")));
        Assert.Equal(3, root.Nodes.Count);
        Assert.Equal(new Listener("PLAINTEXT", "127.0.0.1", 9092), root.Nodes[0].Listeners.All[0]);
        Assert.Equal(3, root.Nodes[0].Topics.ReplicationFactor);
        Assert.Equal(2, root.Nodes[0].LogDefaults.MinInsyncReplicas);
    }

    [Fact]
    public void A_node_that_the_file_does_not_have_is_answered_with_those_it_has() =>
        AssertProblem(
            Assert.Throws<ConfigurationException>(() => Read(Two).Node(new NodeId(7))),
            "c.json: node.id = 7: the file has no such node. Fix: start one of 1, 2, or add the node."
        );

    [Fact]
    public void A_misspelled_key_is_answered_with_what_was_meant() =>
        Rejected("\"log.retentoin.ms\": 5", "c.json:1: log.retentoin.ms = 5: there is no such key. Fix: did you mean 'log.retention.ms'?");

    [Fact]
    public void A_topics_key_is_answered_with_the_nodes_key() =>
        Rejected(
            "\"retention.ms\": 5",
            "c.json:1: retention.ms = 5: there is no such key. Fix: this is a key of topics; a node's default for it is 'log.retention.ms'."
        );

    [Fact]
    public void A_key_like_no_other_is_answered_with_the_list() =>
        Rejected("\"bananas\": 5", "c.json:1: bananas = 5: there is no such key. Fix: remove it; docs/configuration.md lists the keys.");

    [Fact]
    public void A_value_out_of_range_is_answered_with_the_range() =>
        Rejected(
            "\"log.segment.bytes\": 5",
            "c.json:1: log.segment.bytes = 5: Value must be at least 1048576. Fix: set a value of at least 1048576, or remove the key "
                + "for its default '1073741824'."
        );

    [Fact]
    public void A_value_that_is_not_among_the_choices_is_answered_with_them() =>
        Rejected(
            "\"raftlog.produce.batch.validation\": \"lax\"",
            "c.json:1: raftlog.produce.batch.validation = lax: String must be one of: strict, relaxed. Fix: set a value that is one of "
                + "strict, relaxed, or remove the key for its default 'strict'."
        );

    [Fact]
    public void A_value_of_the_wrong_type_is_rejected() =>
        Rejected(
            "\"delete.topic.enable\": \"maybe\"",
            "c.json:1: delete.topic.enable = maybe: Expected value to be either true or false. Fix: set a value of the right type, or "
                + "remove the key for its default 'true'."
        );

    [Fact]
    public void A_value_that_is_an_object_is_rejected() =>
        Rejected(
            "\"log.cleaner.enable\": {}",
            "c.json:1: log.cleaner.enable: a value is a text, a number, true, false, or an array of texts. Fix: remove the key, or give "
                + "it such a value."
        );

    [Fact]
    public void An_array_of_objects_is_rejected() =>
        Rejected(
            "\"log.dirs\": [{}]",
            "c.json:1: log.dirs: the array holds something other than texts and numbers. Fix: write an array of texts."
        );

    [Fact]
    public void A_key_twice_is_rejected() =>
        Rejected(
            "\"num.partitions\": 1, \"num.partitions\": 2",
            "c.json:1: num.partitions = 2: the key stands there twice. Fix: keep one of the two."
        );

    [Fact]
    public void An_authorizer_is_rejected_because_ignoring_it_would_open_the_cluster() =>
        Rejected(
            "\"authorizer.class.name\": \"A\"",
            "c.json:1: authorizer.class.name = A: RaftLog has no authorizer yet; ignoring the key would leave the cluster open. Fix: "
                + "remove the key if the cluster can do without it."
        );

    [Fact]
    public void A_node_id_in_the_defaults_is_rejected() =>
        AssertProblem(
            Problems("""{ "defaults": { "node.id": 1 }, "nodes": [ { "listeners": "PLAINTEXT://h:1,CONTROLLER://h:2" } ] }"""),
            "c.json:1: node.id = 1: all nodes would have the same. Fix: move it into each node."
        );

    [Fact]
    public void A_missing_node_id_is_rejected() =>
        AssertProblem(
            Problems("""{ "nodes": [ { "listeners": "PLAINTEXT://h:1,CONTROLLER://h:2" } ] }"""),
            "c.json:1 (node 1 of the file): node.id: the key is missing and has no default. Fix: set node.id."
        );

    [Fact]
    public void Missing_listeners_are_rejected() =>
        AssertProblem(
            Problems("""{ "nodes": [ { "node.id": 1 } ] }"""),
            "c.json:1 (node 1 of the file): listeners: the node listens nowhere. Fix: add a text such as "
                + "PLAINTEXT://host:9092,CONTROLLER://host:9093."
        );

    [Fact]
    public void Two_nodes_with_one_id_are_rejected() =>
        AssertProblem(
            Problems(Two.Replace("\"node.id\": 2", "\"node.id\": 1")),
            "c.json:5: node.id = 1: another node of the file has the same id. Fix: give each node an id of its own."
        );

    [Fact]
    public void One_address_for_two_nodes_is_rejected() =>
        AssertProblem(
            Problems(Two.Replace("h2:9092", "h1:9092")),
            "c.json:5: listeners = PLAINTEXT://h1:9092: node 1 uses the same address. Fix: choose another port or host."
        );

    [Fact]
    public void One_port_twice_in_a_node_is_rejected() =>
        Rejected(
            "PLAINTEXT://h:1,CONTROLLER://h:1",
            "",
            "c.json:1: listeners = PLAINTEXT://h:1,CONTROLLER://h:1: port 1 is used twice. Fix: give each listener a port of its own."
        );

    [Fact]
    public void One_directory_for_two_nodes_of_a_host_is_rejected() =>
        AssertProblem(
            Problems(
                """
                { "defaults": { "log.dirs": "/d" }, "nodes": [
                  { "node.id": 1, "listeners": "PLAINTEXT://h:1,CONTROLLER://h:2" },
                  { "node.id": 2, "listeners": "PLAINTEXT://h:3,CONTROLLER://h:4" } ] }
                """
            ),
            "c.json:1: log.dirs = /d: node 1 on the same host uses the same directory. Fix: give each node a directory of its own."
        );

    [Fact]
    public void A_voter_that_is_no_node_is_rejected() =>
        AssertProblem(
            Problems(Two.Replace("\"defaults\": {", "\"defaults\": { \"controller.quorum.voters\": \"1@h1:9093,2@h2:9093,3@h3:9093\",")),
            "c.json:2: controller.quorum.voters = 3@h3:9093: the voter 3 is no node of the file. Fix: add the node, correct the voter, "
                + "or leave the key out: it follows from the nodes."
        );

    [Fact]
    public void A_voter_on_a_port_that_its_node_does_not_listen_on_is_rejected() =>
        AssertProblem(
            Problems(Two.Replace("\"defaults\": {", "\"defaults\": { \"controller.quorum.voters\": \"1@h1:9093,2@h2:9094\",")),
            "c.json:2: controller.quorum.voters = 2@h2:9094: the voter 2 has no controller listener on port 9094. Fix: add the node, "
                + "correct the voter, or leave the key out: it follows from the nodes."
        );

    [Fact]
    public void A_voter_that_cannot_be_read_is_rejected() =>
        Rejected(
            "\"controller.quorum.voters\": \"h:2\"",
            "c.json:1: controller.quorum.voters = h:2: 'h:2' is no voter. Fix: write id@host:port for every controller, with commas "
                + "between them."
        );

    [Fact]
    public void A_controller_that_may_not_vote_is_rejected() =>
        AssertProblem(
            Problems(Two.Replace("\"defaults\": {", "\"defaults\": { \"controller.quorum.voters\": \"1@h1:9093\",")),
            "c.json:2: controller.quorum.voters = 1@h1:9093: node 2 is a controller and not among the voters. Fix: add 2@host:port, or "
                + "take 'controller' out of process.roles."
        );

    [Fact]
    public void A_voter_without_the_role_is_rejected() =>
        AssertProblem(
            Problems(
                """
                { "defaults": { "controller.quorum.voters": "1@h1:2,2@h2:2" }, "nodes": [
                  { "node.id": 1, "listeners": "PLAINTEXT://h1:1,CONTROLLER://h1:2" },
                  { "node.id": 2, "listeners": "PLAINTEXT://h2:1", "process.roles": "broker" } ] }
                """
            ),
            "c.json:1: controller.quorum.voters = 1@h1:2,2@h2:2: node 2 is a voter and has no controller role. Fix: add 'controller' to "
                + "its process.roles, or take 2 out of the voters."
        );

    [Fact]
    public void A_wildcard_that_advertises_nothing_is_rejected() =>
        Rejected(
            "PLAINTEXT://:1,CONTROLLER://h:2",
            "",
            "c.json:1: listeners = PLAINTEXT://:1,CONTROLLER://h:2: PLAINTEXT listens on every address, so nothing says how others "
                + "reach it. Fix: add PLAINTEXT://host:1 to advertised.listeners, with a host that they can reach."
        );

    [Fact]
    public void A_listener_that_cannot_be_read_is_rejected() =>
        Rejected(
            "PLAINTEXT:h:1,CONTROLLER://h:2",
            "",
            "c.json:1: listeners = PLAINTEXT:h:1,CONTROLLER://h:2: 'PLAINTEXT:h:1' is no listener. Fix: write NAME://host:port, with "
                + "commas between several."
        );

    [Fact]
    public void A_session_shorter_than_its_heartbeats_is_rejected() =>
        Rejected(
            "\"broker.session.timeout.ms\": 1000",
            "c.json:1: broker.session.timeout.ms = 1000: the session would end between two heartbeats, which come every 2000 ms. Fix: "
                + "set it to several times broker.heartbeat.interval.ms."
        );

    [Fact]
    public void A_misspelled_listeners_is_one_problem_and_not_all_that_follows_from_it()
    {
        ConfigProblem problem = Assert.Single(
            Problems("""{ "nodes": [ { "node.id": 1, "listners": "PLAINTEXT://h:1,CONTROLLER://h:2" } ] }""").Problems
        );
        Assert.Equal("did you mean 'listeners'?", problem.Fix);
    }

    [Fact]
    public void All_problems_are_told_at_once()
    {
        ConfigurationException error = Problems(
            Node("PLAINTEXT://h:1,CONTROLLER://h:2", "\"bananas\": 1, \"num.partitions\": 0, \"log.roll.hours\": 0")
        );
        Assert.Equal(3, error.Problems.Count);
        Assert.Equal(3, error.Message.Split('\n').Length);
    }

    [Theory]
    [InlineData("[]", "c.json:1: nodes: the file holds no object. Fix: write { \"defaults\": { ... }, \"nodes\": [ ... ] }.")]
    [InlineData("{}", "c.json: nodes: the file names no node. Fix: add an array 'nodes' with one object for each node.")]
    [InlineData("{ \"nodes\": [] }", "c.json: nodes: the file names no node. Fix: add an array 'nodes' with one object for each node.")]
    [InlineData("{ \"nodes\": {} }", "c.json:1: nodes: it is no array. Fix: write one array with an object for each node.")]
    [InlineData("{ \"nodes\": [1] }", "c.json:1: nodes: a node is no object. Fix: write each node as { \"node.id\": 1, ... }.")]
    [InlineData("{ \"default\": {} }", "c.json:1: default: a cluster file has no such key. Fix: did you mean 'defaults'?")]
    [InlineData(
        "{ \"num.partitions\": 1 }",
        "c.json:1: num.partitions: a cluster file has no such key. Fix: move it into 'defaults' or into a node."
    )]
    [InlineData("{ \"whatever\": 1 }", "c.json:1: whatever: a cluster file has no such key. Fix: use cluster.id, defaults and nodes.")]
    [InlineData("{ \"cluster.id\": 1 }", "c.json:1: cluster.id: it is no text. Fix: write the cluster's id in quotes.")]
    [InlineData("{ \"defaults\": [] }", "c.json:1: defaults: it is no object. Fix: write one object of keys and values.")]
    [InlineData(
        "{ \"defaults\": {}, \"defaults\": {} }",
        "c.json:1: defaults: it stands there twice. Fix: write one object of keys and values."
    )]
    public void A_file_of_another_shape_is_rejected(string json, string expected) => AssertProblem(Problems(json), expected);

    [Theory]
    [InlineData("{\n  \"nodes\": [ 1 2 ]\n}", "c.json:2:16: JSON: the file is not valid JSON:")]
    [InlineData("{ \"nodes\": [", "c.json:1:13: JSON: the file is not valid JSON:")]
    [InlineData("", "c.json:1:1: JSON: the file is not valid JSON: it is empty.")]
    [InlineData("{} x", "c.json:1:4: JSON: the file is not valid JSON:")]
    public void A_file_that_is_no_JSON_is_rejected_with_the_place(string json, string expected) =>
        Assert.Contains(Problems(json).Problems, problem => problem.ToString().StartsWith(expected, StringComparison.Ordinal));

    [Fact]
    public void A_text_that_is_not_UTF_8_is_rejected()
    {
        byte[] bytes = Encoding.Latin1.GetBytes(Node("PLAINTEXT://hé:1", ""));
        Assert.Contains("not valid UTF-8", Assert.Throws<ConfigurationException>(() => ClusterFile.Read("c.json", bytes)).Message);
        Assert.Contains("not valid UTF-8", Problems(Node("PLAINTEXT://h\\ud800:1", "")).Message);
    }

    [Fact]
    public void A_byte_order_mark_is_no_harm() => Assert.Equal(2, Read("\uFEFF" + Two).Nodes.Count);

    [Fact]
    public void Keys_without_effect_are_named_in_one_warning()
    {
        ClusterFile file = Read(Node("PLAINTEXT://h:1,CONTROLLER://h:2", "\"num.io.threads\": 4, \"background.threads\": 3"));
        Assert.Equal(
            ["c.json:1 (node 1 of the file): these keys have no effect in RaftLog: num.io.threads, background.threads"],
            file.Nodes[0].Warnings
        );
    }

    [Fact]
    public void Random_bytes_are_rejected_and_nothing_else_happens()
    {
        Random random = new(3);
        byte[] good = Encoding.UTF8.GetBytes(Two);
        for (int i = 0; i < 2000; i++)
        {
            byte[] bytes = (byte[])good.Clone();
            for (int flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                ClusterFile.Read("c.json", bytes);
            }
            catch (ConfigurationException) { }
        }
    }

    private static string Node(string listeners, string more) =>
        "{ \"nodes\": [ { \"node.id\": 1, \"listeners\": \"" + listeners + "\"" + (more.Length > 0 ? ", " + more : "") + " } ] }";

    private static void Rejected(string more, string expected) => Rejected("PLAINTEXT://h:1,CONTROLLER://h:2", more, expected);

    private static void Rejected(string listeners, string more, string expected) =>
        AssertProblem(Problems(Node(listeners, more)), expected);

    private static void AssertProblem(ConfigurationException error, string expected) =>
        Assert.Contains(expected, error.Problems.Select(problem => problem.ToString()));

    private static ConfigurationException Problems(string json) => Assert.Throws<ConfigurationException>(() => Read(json));

    private static ClusterFile Read(string json) => ClusterFile.Read("c.json", Encoding.UTF8.GetBytes(json));
}
