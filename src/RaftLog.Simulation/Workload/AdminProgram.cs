using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>A program that creates a topic now and then, and notes which creations were confirmed.</summary>
internal sealed class AdminProgram
{
    private readonly SimulationOptions _options;
    private readonly Incarnation _program;
    private readonly KafkaCluster _cluster;
    private readonly SimRandom _random;
    private readonly List<string> _confirmed = [];
    private bool _stopped;

    internal AdminProgram(SimCluster world, SimulationOptions options, SimRandom random)
    {
        _options = options;
        _random = random.Split("admin");
        (_program, _cluster) = world.NewClient();
        _program.Run("administer", RunAsync);
    }

    /// <summary>The topics whose creation was confirmed.</summary>
    internal IReadOnlyList<string> Confirmed => _confirmed;

    /// <summary>How many were asked for.</summary>
    internal int Asked { get; private set; }

    internal void Stop() => _stopped = true;

    private async Task RunAsync()
    {
        while (true)
        {
            await Task.Delay(_random.Exponential(_options.TopicInterval), _program.Time);
            if (_stopped)
            {
                return;
            }

            string name = $"x{++Asked}";
            try
            {
                ErrorCode response = (await _cluster.Admin.CreateTopicsAsync([new NewTopic(name, 1, (short)_options.Replicas)]))[0].Error;
                if (response is ErrorCode.None or ErrorCode.TopicAlreadyExists)
                {
                    _confirmed.Add(name);
                }
            }
            catch (KafkaException)
            {
                // Whether the topic exists is unknown.
            }
        }
    }
}
