using RaftLog.Broker.Configuration;
using RaftLog.Protocol;

namespace RaftLog.Broker.Tests.Configuration;

public class NodePropertiesTests
{
    private const string Good = """
        # A node as Kafka's own test harness writes it.
        process.roles=broker,controller
        node.id=3
        controller.quorum.voters=3@127.0.0.1:9093
        controller.listener.names=CTL
        inter.broker.listener.name=CLIENTS
        listener.security.protocol.map=CLIENTS:PLAINTEXT,CTL:PLAINTEXT
        listeners=CLIENTS://127.0.0.1:9092,CTL://127.0.0.1:9093
        advertised.listeners=CLIENTS://public:19092
        log.dirs=/d/one, /d/two
        """;

    [Fact]
    public void A_file_for_Kafka_is_taken_as_Kafka_takes_it()
    {
        NodeConfiguration node = Read(Good);
        Assert.Equal(new NodeId(3), node.NodeId);
        Assert.Equal([new Listener("CLIENTS", "127.0.0.1", 9092), new Listener("CTL", "127.0.0.1", 9093)], node.Listeners.All);
        Assert.Equal([new Listener("CLIENTS", "public", 19092), new Listener("CTL", "127.0.0.1", 9093)], node.Listeners.Advertised);
        Assert.Equal("CLIENTS", node.Listeners.InterBroker);
        Assert.True(node.Listeners.IsController("CTL"));
        Assert.Equal(["/d/one", "/d/two"], node.Storage.LogDirs);
        Assert.Equal("/d/one", node.Storage.MetadataLogDir);
        Assert.Equal([new QuorumVoter(new(3), "127.0.0.1", 9093)], node.Quorum.Voters);
        Assert.Empty(node.Warnings);
    }

    [Fact]
    public void Keys_without_effect_are_one_warning_and_unknown_keys_another()
    {
        NodeConfiguration node = Read(Good + "\nnum.io.threads=8\nunstable.api.versions.enable=true\nnum.network.threads=3\nmy.plugin=x\n");
        Assert.Equal(
            [
                "n.properties: RaftLog does not know these keys and ignores them: unstable.api.versions.enable, my.plugin",
                "n.properties: these keys have no effect in RaftLog: num.io.threads, num.network.threads",
            ],
            node.Warnings
        );
    }

    [Fact]
    public void Javas_syntax_is_read()
    {
        ConfigSettings settings = PropertiesFile.Read(
            "f",
            "a=1\n b : 2\nc 3\n!x=1\n#y=1\nd = one,\\\n   two\ne\\=f=\\u0041\\t\\\\\ng\n a = 9 \nh=\\q\\\\\r\ni=x\\"
        );
        Assert.Equal(["a", "b", "c", "d", "e=f", "g", "h", "i"], settings.Keys);
        Assert.Equal(
            ["9 ", "2", "3", "one,two", "A\t\\", "", "q\\", "x"],
            settings.Keys.Select(key => settings.TryGet(key, out string? value) ? value : null)
        );
        Assert.Equal("f:6", settings.OriginOf("d"));
        Assert.Equal("f:8", settings.OriginOf("e=f"));
    }

    [Theory]
    [InlineData(
        "log.cleaner.dedupe.buffer.size=1048576",
        "log.cleaner.dedupe.buffer.size",
        "it must be at least 1MB per cleaner thread, and log.cleaner.threads is 1",
        "set more than 1048576 for each thread, or fewer threads"
    )]
    [InlineData(
        "log.cleaner.threads=0",
        "log.cleaner.threads",
        "it must be greater than or equal to 1",
        "set 1 or more; log.cleaner.enable=false compacts nothing"
    )]
    [InlineData("log.dirs=", "log.dirs", "no directory is named", "name one, or remove the key")]
    [InlineData("log.retention.ms=0", "log.retention.ms", "it must be unlimited (-1), or 1 or more", "set -1, or 1 or more")]
    [InlineData(
        "max.connections.per.ip=0",
        "max.connections.per.ip",
        "it can be set to zero only if max.connections.per.ip.overrides is set, since no client could connect",
        "set 1 or more, or max.connections.per.ip.overrides"
    )]
    [InlineData(
        "max.connections.per.ip.overrides=junk",
        "max.connections.per.ip.overrides",
        "'junk' is no IP address with a number of connections behind a colon",
        "set ADDRESS:CONNECTIONS, comma-separated, as 10.0.0.7:200"
    )]
    public void Limits_that_no_range_describes_are_judged_at_the_start(string line, string key, string meaning, string fix)
    {
        ConfigProblem problem = Assert.Single(
            Assert.Throws<ConfigurationException>(() => Read(Good + $"\n{line}\nlog.cleaner.backoff.ms=1\n")).Problems
        );
        Assert.Equal((key, meaning, fix), (problem.Key, problem.Meaning, problem.Fix));
    }

    [Fact]
    public void A_broker_id_is_an_older_name_of_the_node_id()
    {
        Assert.Equal(new NodeId(3), Read(Good.Replace("node.id=3", "broker.id=3")).NodeId);
        Rejected(
            Good + "\nbroker.id=4",
            "n.properties:11: broker.id = 4: it differs from node.id = 3. Fix: remove broker.id, the older name."
        );
    }

    [Fact]
    public void A_listener_without_a_host_advertises_the_machine()
    {
        NodeConfiguration node = Read(
            Good.Replace("CLIENTS://127.0.0.1:9092", "CLIENTS://:9092").Replace("advertised.listeners=CLIENTS://public:19092", "")
        );
        Assert.Equal(new Listener("CLIENTS", "this-machine", 9092), node.Listeners.Advertised[0]);
        Assert.True(node.Listeners.All[0].IsWildcard);
    }

    [Fact]
    public void An_address_of_version_6_stands_in_brackets()
    {
        Listener listener = Read(Good.Replace("CLIENTS://127.0.0.1:9092", "CLIENTS://[::1]:9092")).Listeners.All[0];
        Assert.Equal("::1", listener.Host);
        Assert.Equal("CLIENTS://[::1]:9092", listener.ToString());
    }

    [Fact]
    public void A_mere_broker_needs_no_controller_listener_and_no_vote()
    {
        NodeConfiguration node = Read(Good.Replace("broker,controller", "broker").Replace(",CTL://127.0.0.1:9093", "").Replace("3@", "7@"));
        Assert.Equal(ProcessRoles.Broker, node.Roles);
    }

    [Fact]
    public void A_mere_controller_needs_no_listener_for_clients()
    {
        NodeConfiguration node = Read(
            "process.roles=controller\nnode.id=1\ncontroller.quorum.voters=1@h:2\ncontroller.listener.names=CONTROLLER\n"
                + "listeners=CONTROLLER://h:2"
        );
        Assert.Equal("", node.Listeners.InterBroker);
    }

    [Fact]
    public void A_quorum_whose_voters_stand_in_its_log_is_rejected_as_not_built() =>
        Assert.Contains(
            "is not built yet",
            Assert
                .Throws<ConfigurationException>(() =>
                    Read(Good.Replace("controller.quorum.voters=3@127.0.0.1:9093", "controller.quorum.bootstrap.servers=h:9093"))
                )
                .Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(
        "CLIENTS:PLAINTEXT",
        "CLIENTS:SASL_SSL",
        "n.properties:7: listener.security.protocol.map = CLIENTS:SASL_SSL,CTL:PLAINTEXT: the listener CLIENTS asks for SASL_SSL, which "
            + "RaftLog does not have yet; without it clients would talk in the open. Fix: use PLAINTEXT, and only on a network that you "
            + "trust."
    )]
    [InlineData(
        "CLIENTS:PLAINTEXT,",
        "",
        "n.properties:7: listener.security.protocol.map = CTL:PLAINTEXT: the listener CLIENTS has no security protocol. Fix: add "
            + "CLIENTS:PLAINTEXT."
    )]
    [InlineData(
        "CLIENTS:PLAINTEXT",
        "CLIENTS:TLS",
        "n.properties:7: listener.security.protocol.map = CLIENTS:TLS,CTL:PLAINTEXT: 'CLIENTS:TLS' is no mapping. Fix: write "
            + "NAME:PROTOCOL with a protocol of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL."
    )]
    [InlineData(
        "name=CLIENTS",
        "name=OTHERS",
        "n.properties:6: inter.broker.listener.name = OTHERS: there is no listener OTHERS that brokers could use. Fix: set it to one of "
            + "CLIENTS."
    )]
    [InlineData(
        "name=CLIENTS",
        "name=CTL",
        "n.properties:6: inter.broker.listener.name = CTL: there is no listener CTL that brokers could use. Fix: set it to one of CLIENTS."
    )]
    [InlineData(
        "names=CTL",
        "names=",
        "n.properties:5: controller.listener.names = : no controller listener is named. Fix: name the listener of the metadata quorum, "
            + "such as CONTROLLER."
    )]
    [InlineData(
        "names=CTL",
        "names=CTRL",
        "n.properties:5: controller.listener.names = CTRL: a controller listens on none of these. Fix: add a listener such as "
            + "CTRL://host:9093 to listeners."
    )]
    [InlineData(
        "roles=broker,controller",
        "roles=broker",
        "n.properties:8: listeners = CLIENTS://127.0.0.1:9092,CTL://127.0.0.1:9093: a node that is only a broker must not listen as "
            + "CTL. Fix: remove that listener, or add the controller role."
    )]
    [InlineData(
        "roles=broker,controller",
        "roles=controller",
        "n.properties:8: listeners = CLIENTS://127.0.0.1:9092,CTL://127.0.0.1:9093: a node that is only a controller has controller "
            + "listeners only. Fix: remove the others, or name them in controller.listener.names."
    )]
    [InlineData(
        "roles=broker,controller",
        "roles=",
        "n.properties:2: process.roles = : the node has no role. Fix: set broker, controller, or broker,controller."
    )]
    [InlineData(
        "roles=broker,controller",
        "roles=brocker",
        "n.properties:2: process.roles = brocker: String must be one of: broker, controller. Fix: set a value that is one of broker, "
            + "controller."
    )]
    [InlineData(
        "names=CTL",
        "names=CLIENTS,CTL",
        "n.properties:8: listeners = CLIENTS://127.0.0.1:9092,CTL://127.0.0.1:9093: there is no listener for clients. Fix: add one such "
            + "as PLAINTEXT://host:9092."
    )]
    [InlineData(
        "advertised.listeners=CLIENTS",
        "advertised.listeners=X",
        "n.properties:9: advertised.listeners = X://public:19092: there is no listener X. Fix: use the names of listeners."
    )]
    [InlineData(
        "//public",
        "//0.0.0.0",
        "n.properties:9: advertised.listeners = CLIENTS://0.0.0.0:19092: nobody can connect to the address of CLIENTS. Fix: use an "
            + "address or a name that clients can reach."
    )]
    [InlineData(
        "CTL://127.0.0.1:9093",
        "CLIENTS://127.0.0.1:9093",
        "n.properties:8: listeners = CLIENTS://127.0.0.1:9092,CLIENTS://127.0.0.1:9093: the name CLIENTS stands there twice. Fix: give "
            + "each listener a name of its own."
    )]
    [InlineData(
        "controller.quorum.voters=3@127.0.0.1:9093",
        "",
        "n.properties: controller.quorum.voters: nothing says who votes in the metadata quorum. Fix: set controller.quorum.voters to "
            + "id@host:port of every controller; a quorum whose voters stand in its log (controller.quorum.bootstrap.servers) is not "
            + "built yet."
    )]
    [InlineData(
        "voters=3@127.0.0.1:9093",
        "voters=3@a:1,3@b:1",
        "n.properties:4: controller.quorum.voters = 3@a:1,3@b:1: node 3 stands there twice. Fix: name each voter once."
    )]
    [InlineData(
        "/d/two",
        "/d/one",
        "n.properties:10: log.dirs = /d/one, /d/one: '/d/one' stands there twice. Fix: name each directory once."
    )]
    [InlineData("/d/two", "", "n.properties:10: log.dirs = /d/one, : one of the directories is empty. Fix: name each directory once.")]
    [InlineData("node.id=3", "node.id=-3", "n.properties:3: node.id = -3: Value must be at least 0. Fix: set a value of at least 0.")]
    public void What_does_not_fit_is_rejected_with_a_way_out(string from, string to, string expected) =>
        Rejected(Good.Replace(from, to), expected);

    [Theory]
    [InlineData("authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer")]
    [InlineData("create.topic.policy.class.name=a.B")]
    [InlineData("alter.config.policy.class.name=a.B")]
    [InlineData("client.quota.callback.class=a.B")]
    [InlineData("principal.builder.class=a.B")]
    [InlineData("security.inter.broker.protocol=SASL_SSL")]
    [InlineData("remote.log.storage.system.enable=true")]
    [InlineData("config.providers=file")]
    public void A_key_whose_neglect_would_break_a_promise_is_rejected(string line)
    {
        ConfigurationException error = Assert.Throws<ConfigurationException>(() => Read($"{Good}\n{line}"));
        ConfigProblem problem = Assert.Single(error.Problems);
        Assert.Equal(line.Split('=')[0], problem.Key);
        Assert.Equal("remove the key if the cluster can do without it", problem.Fix);
    }

    [Fact]
    public void Such_a_key_at_its_default_is_no_harm()
    {
        Assert.Empty(Read(Good + "\nauthorizer.class.name=\nremote.log.storage.system.enable=false").Warnings);
        Assert.Empty(Read(Good + "\nsecurity.inter.broker.protocol=PLAINTEXT").Warnings);
    }

    private static void Rejected(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<ConfigurationException>(() => Read(text)).Problems.Select(problem => problem.ToString()));

    private static NodeConfiguration Read(string text) => NodeConfiguration.FromProperties("n.properties", text, "this-machine");
}
