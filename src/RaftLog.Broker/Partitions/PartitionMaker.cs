using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// Makes the logs of new partitions outside the loop that applies metadata: many with one flush, and in each log directory on its own.
/// Called in that loop, and its results are told there.
/// </summary>
/// <param name="supervisor">Who watches the disk work.</param>
/// <param name="inLoop">Runs something in the loop that applies metadata.</param>
internal sealed class PartitionMaker(Supervisor supervisor, Action<Action> inLoop)
{
    /// <summary>Logs of one flush: few enough that the first are served soon, enough that the flush does not count.</summary>
    private const int MostAtOnce = 512;

    private readonly Dictionary<LogDirectory, Line> _lines = [];

    /// <summary>Told what came of some logs, in the loop.</summary>
    public required Action<IReadOnlyList<(PartitionToMake Asked, CreatedLog Result)>> Made { get; init; }

    /// <summary>Asks for a log. <see cref="Start()"/> begins with all that were asked for.</summary>
    public void Add(PartitionToMake partition)
    {
        if (!_lines.TryGetValue(partition.Directory, out Line? line))
        {
            line = new Line(partition.Directory);
            _lines.Add(partition.Directory, line);
        }

        line.Waiting.Enqueue(partition);
    }

    /// <summary>How many logs are asked for in a directory and not there yet.</summary>
    public int CountOf(LogDirectory directory) => _lines.TryGetValue(directory, out Line? line) ? line.Waiting.Count + line.UnderWay : 0;

    /// <summary>Begins with what was asked for.</summary>
    public void Start()
    {
        foreach (Line line in _lines.Values)
        {
            Start(line);
        }
    }

    private void Start(Line line)
    {
        if (line.UnderWay > 0 || line.Waiting.Count == 0)
        {
            return;
        }

        List<PartitionToMake> batch = [];
        while (batch.Count < MostAtOnce && line.Waiting.TryDequeue(out PartitionToMake? next))
        {
            batch.Add(next);
        }

        line.UnderWay = batch.Count;
        supervisor.Run(
            $"new logs in {line.Directory.Path}",
            async () =>
            {
                IReadOnlyList<(PartitionToMake, CreatedLog)> results = await MakeAsync(line.Directory, batch);
                inLoop(() =>
                {
                    line.UnderWay = 0;
                    Start(line);
                    Made(results);
                });
            }
        );
    }

    private static async ValueTask<IReadOnlyList<(PartitionToMake Asked, CreatedLog Result)>> MakeAsync(
        LogDirectory directory,
        List<PartitionToMake> batch
    )
    {
        try
        {
            IReadOnlyList<CreatedLog> created = await directory.CreateAsync([.. batch.Select(each => each.Log)]);
            return [.. batch.Zip(created)];
        }
        catch (DiskException failure)
        {
            // The directory is offline, which everybody hears of; another may take the log.
            return [.. batch.Select(each => (each, new CreatedLog(null, failure)))];
        }
    }

    private sealed class Line(LogDirectory directory)
    {
        public LogDirectory Directory { get; } = directory;

        /// <summary>Bounded by the partitions that metadata gives to this node.</summary>
        public Queue<PartitionToMake> Waiting { get; } = new();

        /// <summary>The logs that are being made now.</summary>
        public int UnderWay { get; set; }
    }
}
