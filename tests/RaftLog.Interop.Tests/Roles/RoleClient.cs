using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;

namespace RaftLog.Interop.Tests.Roles;

/// <summary>A client library that plays the roles, each in a process of its own.</summary>
/// <param name="Name">Names its topics and groups.</param>
/// <param name="Start">Starts a role with its arguments.</param>
/// <param name="IsStatic">True where members have instance ids, so that a new one takes the place of a dead one.</param>
/// <param name="OutlivesCoordinator">False where its transactions do not go on when their coordinator has died: then it lives.</param>
internal sealed record RoleClient(string Name, Func<string[], Command> Start, bool IsStatic = false, bool OutlivesCoordinator = true)
{
    /// <summary>Confluent.Kafka on .NET.</summary>
    /// <param name="protocol">classic, range (classic, shared out by range) or consumer.</param>
    /// <param name="isStatic">Members with instance ids.</param>
    public static RoleClient Confluent(string protocol, bool isStatic) =>
        new(
            $"confluent-{protocol}{(isStatic ? "-static" : "")}",
            role => Command.Start(DotNetClients.Program, [protocol, .. role]),
            isStatic
        );

    /// <summary>kafkajs.</summary>
    public static RoleClient KafkaJs { get; } = new("kafkajs", role => Tools.KafkaJs.Start("roles.js", role), OutlivesCoordinator: false);

    /// <summary>kafkajs as a member of a group that another client shares out by range.</summary>
    public static RoleClient KafkaJsByRange { get; } = new("kafkajs-range", role => Tools.KafkaJs.Start("roles.js", [.. role, "range"]));

    /// <summary>A library of Python.</summary>
    /// <param name="library">The module <c>roles_LIBRARY.py</c> plays its roles.</param>
    public static RoleClient Python(string library) => new(library, role => PythonClients.Start("roles.py", [library, .. role]));

    /// <summary>A library of Python as Debian ships it.</summary>
    /// <param name="library">The module <c>roles_LIBRARY.py</c> plays its roles.</param>
    public static RoleClient Debian(string library) => new($"debian-{library}", role => DebianPython.Start("roles.py", [library, .. role]));

    /// <summary>Kafka's Java client, which plays members only.</summary>
    /// <param name="protocol">classic, range (classic, shared out by range) or consumer.</param>
    public static RoleClient JavaMember(string protocol) =>
        new($"java-{protocol}", role => KafkaTools.StartSource("GroupMember.java", [protocol, .. role]));

    /// <summary>Sends each line of its input as a value, keyed by its number modulo 100, with idempotence.</summary>
    public Command Producer(Cluster cluster, string topic) => Start(["produce", cluster.Bootstrap, topic]);

    /// <summary>Reads committed records in a group, says 'partition offset key value' and commits; ends in order on SIGTERM.</summary>
    public Command Member(Cluster cluster, string group, string topic, string instance) =>
        Start(["member", cluster.Bootstrap, group, topic, .. IsStatic ? (string[])[instance] : []]);

    /// <summary>Copies a topic with transactions, of which every fifth is aborted; says a line for each.</summary>
    public Command Transformer(Cluster cluster, string id, string from, string to, int count) =>
        Start(["transform", cluster.Bootstrap, id, from, to, $"{count}"]);
}
