using RaftLog.Checking;
using RaftLog.Protocol;
using RaftLog.Simulation;

namespace RaftLog.Jepsen.Workloads;

/// <summary>W7: members of a classic and of a consumer group commit offsets as one writes to registers.</summary>
internal sealed class GroupWorkload(RunContext context, Func<RawClient> openRaw) : IWorkload
{
    /// <summary>How long groups wait for a sign of life; consumer groups take it from the nodes.</summary>
    public static readonly TimeSpan Session = TimeSpan.FromSeconds(4);

    private const string Topic = "registers";
    private const int Members = 3;

    private readonly List<GroupProgram> _programs = [];

    public string Name => "group";

    /// <summary>None: nobody sends records.</summary>
    public IReadOnlyList<TopicPartition> Partitions => [];

    private static IReadOnlyList<TopicPartition> Registers { get; } =
    [.. Enumerable.Range(0, 4).Select(each => new TopicPartition(Topic, each))];

    public Task PrepareAsync(CancellationToken cancel) => LogEnd.CreateTopicAsync(context.Clients, Topic, Registers.Count, cancel);

    public async Task RunAsync(CancellationToken stop)
    {
        List<RawClient> clients = [];
        List<Task> running = [];
        for (int i = 0; i < 2 * Members; i++)
        {
            bool isClassic = i % 2 == 0;
            RawClient client = openRaw();
            clients.Add(client);
            GroupProgram program = new(
                CoordinatedWorld.Of(context, client, "member", i),
                i + 1,
                isClassic ? "registers-classic" : "registers-consumer",
                Registers,
                Session,
                isClassic
            );
            _programs.Add(program);
            running.Add(program.RunAsync());
        }

        using CancellationTokenRegistration stopping = stop.Register(() => _programs.ForEach(each => each.Stop()));
        await Task.WhenAll(running);
        clients.ForEach(each => each.Dispose());
    }

    public Task<bool> ReadEndAsync(CancellationToken cancel)
    {
        CoordinatedWorld.Record(
            context,
            new History
            {
                Offsets = [.. _programs.SelectMany(each => each.Log.Offsets)],
                Ownerships = [.. _programs.SelectMany(each => each.Log.Ownerships)],
            }
        );
        return Task.FromResult(_programs.TrueForAll(each => each.IsDone));
    }
}
