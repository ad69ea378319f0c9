using System.Globalization;
using System.Text;
using RaftLog.Broker.Configuration;
using RaftLog.Client;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// A whole cluster, and the programs that use it, on one thread in virtual time. Disposing it lets go of what the runtime would keep.
/// </summary>
public sealed class SimCluster : IDisposable
{
    internal const string ClusterId = "c2ltdWxhdGVkLWNsdXN0ZQ";
    internal const int ClientPort = 9092;
    private const int ControllerPort = 9093;

    private readonly SimRandom _random;
    private readonly SimulationOptions _options;
    private readonly List<SimMachine> _machines = [];
    private int _clients;

    /// <summary>Machines with empty disks.</summary>
    /// <param name="options">What the world is like.</param>
    /// <param name="random">The root stream of the seed.</param>
    public SimCluster(SimulationOptions options, SimRandom random)
    {
        _random = random;
        _options = options;
        Scheduler = new SimScheduler(random);
        Network = new SimNetwork(Scheduler, random, options.Link) { Window = options.Window };
        for (int id = 1; id <= options.Nodes; id++)
        {
            NodeConfiguration config = NodeConfiguration.FromProperties($"n{id}.properties", PropertiesOf(id, options), $"n{id}");
            _machines.Add(new SimMachine(Scheduler, Network, random, config, ClusterId, options.Disk));
        }
    }

    /// <summary>What its clients measure.</summary>
    internal SimMeters Meters { get; } = new();

    /// <summary>The clock and the order of things.</summary>
    public SimScheduler Scheduler { get; }

    /// <summary>What is between the machines.</summary>
    public SimNetwork Network { get; }

    /// <summary><c>min.insync.replicas</c> of topics that say nothing else.</summary>
    internal int MinInSync => Setting("min.insync.replicas", 1);

    /// <summary>How long a broker that is not heard of counts as alive.</summary>
    internal TimeSpan SessionTimeout => TimeSpan.FromMilliseconds(Setting("broker.session.timeout.ms", 9000));

    /// <summary>
    /// How long a leader of the quorum goes on that no majority fetches from: half as long again as a voter waits for it.
    /// </summary>
    internal TimeSpan LoneLeadership => TimeSpan.FromMilliseconds(1.5 * Setting("controller.quorum.fetch.timeout.ms", 2000));

    /// <summary>The machines of the nodes.</summary>
    public IReadOnlyList<SimMachine> Machines => _machines;

    /// <summary>The machines of controllers: the quorum.</summary>
    internal IEnumerable<SimMachine> Voters => _machines.Where(each => IsVoter(each.Number));

    private IEnumerable<SimMachine> Brokers => _machines.Where(each => _options.IsBroker(each.Number));

    /// <summary>How often a process ended in the middle of a call, by the call.</summary>
    internal SortedDictionary<string, long> EndedInCalls { get; } =
        new(SeamCall.All.ToDictionary(KilledIn, static _ => 0L), StringComparer.Ordinal);

    /// <summary>What is counted when a process ended in the middle of a call.</summary>
    internal static string KilledIn(string call) => $"sometimes: killed in {call}";

    /// <summary>True for the number of a controller: its log counts for what is committed. An observer's does not.</summary>
    internal bool IsVoter(int number) => IsNode(number) && _options.IsVoter(number);

    /// <summary>True for a topic that is compacted in this run.</summary>
    internal bool IsCompacted(string topic) => topic == LogTopic.Compacted || _options.Coordinated.Compacts(topic);

    /// <summary>True for the number of a node, false for a client's.</summary>
    internal bool IsNode(int number) => number >= 1 && number <= _machines.Count;

    /// <summary>The machine of a node.</summary>
    internal SimMachine Machine(int node) => _machines[node - 1];

    /// <summary>The directory of a node's logs; with the metadata log in it where there is another one.</summary>
    public static string LogDirectory => "/data";

    /// <summary>The log directories of each node where replicas are moved between them.</summary>
    internal static IReadOnlyList<string> BothLogDirectories { get; } = [LogDirectory, "/other"];

    /// <summary>The log directories of each node.</summary>
    internal IReadOnlyList<string> LogDirectories => LogDirectoriesOf(_options);

    /// <summary>A new program with the shipped client library, on a host of its own.</summary>
    public (Incarnation Program, KafkaCluster Cluster) NewClient()
    {
        (Incarnation program, ClientWorld world) = NewProgram();
        ClientOptions options = new()
        {
            BootstrapServers = [.. Brokers.Select(AddressOf)],
            ClientId = program.Name,
            RequestTimeout = TimeSpan.FromSeconds(3),
            ConnectTimeout = TimeSpan.FromSeconds(1),
            CallTimeout = TimeSpan.FromSeconds(30),
            MeterFactory = Meters,
        };
        return (program, new KafkaCluster(options, world));
    }

    /// <inheritdoc/>
    public void Dispose() => Meters.Dispose();

    /// <summary>A new program that sends single requests, on a host of its own.</summary>
    internal (Incarnation Program, RawClient Client) NewRawClient()
    {
        (Incarnation program, ClientWorld world) = NewProgram();
        return (program, new RawClient(world, program.Name, [.. Brokers.Select(each => (new NodeId(each.Number), AddressOf(each)))]));
    }

    /// <summary>A new program that speaks to brokers' ports by itself, on a host of its own.</summary>
    internal (Incarnation Program, INetwork Network, IReadOnlyList<NetworkAddress> Brokers) NewBareProgram()
    {
        (Incarnation program, ClientWorld world) = NewProgram();
        return (program, world.Network, [.. Brokers.Select(AddressOf)]);
    }

    private int Setting(string key, int otherwise) =>
        _options.Properties.FirstOrDefault(each => each.Key == key).Value is { } value
            ? int.Parse(value, CultureInfo.InvariantCulture)
            : otherwise;

    internal IEnumerable<string> HostsBesides(string name, bool clientsToo)
    {
        IEnumerable<string> hosts = _machines.Select(each => each.Name).Where(each => each != name);
        return clientsToo ? hosts.Concat(Enumerable.Range(1, _clients).Select(ClientName)) : hosts;
    }

    private static NetworkAddress AddressOf(SimMachine machine) => new(machine.Name, ClientPort);

    private (Incarnation Program, ClientWorld World) NewProgram()
    {
        int number = ++_clients;
        Incarnation program = new(Scheduler, ClientName(number), 100 + number);
        return (
            program,
            new ClientWorld(program.Time, Network.Join(program.Name, program), new SimEntropy(_random.Split("client", number)))
        );
    }

    private static IReadOnlyList<string> LogDirectoriesOf(SimulationOptions options) =>
        options.MovesReplicas ? BothLogDirectories : [LogDirectory];

    private static string ClientName(int number) => $"c{number}";

    internal static string PropertiesOf(int id, SimulationOptions options)
    {
        StringBuilder text = new();
        IEnumerable<string> voters = Enumerable
            .Range(1, options.Nodes)
            .Where(options.IsVoter)
            .Select(each => $"{each}@n{each}:{ControllerPort}");
        List<string> roles = [];
        List<string> listeners = [];
        if (options.IsBroker(id))
        {
            roles.Add("broker");
            listeners.Add($"PLAINTEXT://n{id}:{ClientPort}");
        }

        if (options.IsVoter(id))
        {
            roles.Add("controller");
            listeners.Add($"CONTROLLER://n{id}:{ControllerPort}");
        }

        text.Append($"process.roles={string.Join(',', roles)}\n")
            .Append($"node.id={id}\n")
            .Append($"listeners={string.Join(',', listeners)}\n")
            .Append("controller.listener.names=CONTROLLER\n")
            .Append($"controller.quorum.voters={string.Join(',', voters)}\n")
            .Append($"log.dirs={string.Join(',', LogDirectoriesOf(options))}\n");
        foreach ((string key, string value) in options.Properties)
        {
            text.Append($"{key}={value}\n");
        }

        return text.ToString();
    }
}
