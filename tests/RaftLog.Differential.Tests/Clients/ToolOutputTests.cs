using System.Text.RegularExpressions;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using Xunit.Sdk;

namespace RaftLog.Differential.Tests.Clients;

/// <summary>
/// Kafka's consumer-groups with the same arguments against both nodes prints the same: what its own tests cannot ask of a broker in another
/// process.
/// </summary>
[Collection(BothNodesCollection.Name)]
public sealed partial class ToolOutputTests(BothNodes nodes)
{
    private const string Topic = "tool-output";
    private const string Group = "tool-output";
    private const string Member = "tool-member";

    private static readonly string[] OfAnyGroup =
    [
        "--describe --group tool-output",
        "--describe --group tool-output --offsets --verbose",
        "--describe --group tool-output --members",
        "--describe --group tool-output --members --verbose",
        "--describe --group tool-output --state",
        "--describe --group tool-output --state --verbose",
        "--delete --group tool-output",
        "--reset-offsets --group tool-output --topic tool-output --to-earliest --dry-run",
        "--delete-offsets --group tool-output --topic tool-output:0",
    ];

    private static readonly string[] OfNoGroup =
    [
        "--describe --group tool-nothing",
        "--describe --group tool-nothing --members",
        "--describe --group tool-nothing --state",
        "--delete --group tool-nothing",
        "--reset-offsets --group tool-nothing --topic tool-output --to-latest --dry-run",
        "--reset-offsets --group tool-nothing --topic tool-output:1 --shift-by 1 --dry-run",
        "--delete-offsets --group tool-nothing --topic tool-output",
        "--reset-offsets --group tool-nothing --topic tool-unknown --to-earliest --dry-run",
        "--validate-regex [",
    ];

    [KafkaFact]
    public async Task Consumer_groups_prints_what_it_prints_of_Kafka()
    {
        await Topics.CreateFilledAsync(nodes, Topic);
        List<string> faults = [];
        await CompareAsync(OfNoGroup, _ => Task.CompletedTask, faults);
        Dictionary<Peer, int> epochs = [];
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await Coordinators.UntilKnownAsync(peer, Group);
            epochs[peer] = await JoinAsync(peer);
            await peer.AskAsync(Commit(epochs[peer]), 9);
        }

        await CompareAsync(OfAnyGroup, peer => BeatAsync(peer, epochs[peer]), faults);
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await BeatAsync(peer, -1);
        }

        // The epoch of the target stays behind in Kafka when the last member goes (KAFKA-20442). Without members offsets may be deleted.
        string[] ofAnEmptyGroup =
        [
            .. OfAnyGroup.Where(line =>
                !line.StartsWith("--delete", StringComparison.Ordinal) && !line.EndsWith("--state --verbose", StringComparison.Ordinal)
            ),
            OfAnyGroup[^1],
        ];
        await CompareAsync(ofAnEmptyGroup, _ => Task.CompletedTask, faults);
        if (faults.Count > 0)
        {
            throw new XunitException(string.Join('\n', faults));
        }
    }

    private async Task CompareAsync(IEnumerable<string> lines, Func<Peer, Task> before, List<string> faults)
    {
        foreach (string line in lines)
        {
            await before(nodes.Kafka);
            string kafkas = await PrintAsync(nodes.Kafka, line);
            await before(nodes.Subject);
            string ours = await PrintAsync(nodes.Subject, line);
            if (kafkas != ours)
            {
                faults.Add($"consumer-groups {line}\n--- Kafka:\n{kafkas}\n--- RaftLog:\n{ours}");
            }
        }
    }

    private static async Task<string> PrintAsync(Peer peer, string line)
    {
        CommandResult result = await Command.RunAsync(
            KafkaNodes.Launcher,
            ["tool", "consumer-groups", "--bootstrap-server", $"127.0.0.1:{peer.Port}", .. line.Split(' ')]
        );
        string text = Address().Replace(result.Output + result.Errors, "ADDRESS");
        return $"{result.ExitCode}\n{Blanks().Replace(StackLine().Replace(text, ""), " ").Trim()}";
    }

    private static async Task<int> JoinAsync(Peer peer)
    {
        int epoch = 0;
        await Poll.UntilAsync(
            $"{peer.Name} assigns",
            async () =>
            {
                ConsumerGroupHeartbeatResponse response = await BeatAsync(peer, epoch);
                epoch = response.MemberEpoch;
                return epoch > 0 && response.Assignment is { TopicPartitions.Count: > 0 };
            }
        );
        return epoch;
    }

    private static Task<ConsumerGroupHeartbeatResponse> BeatAsync(Peer peer, int epoch) =>
        peer.AskAsync(
            new ConsumerGroupHeartbeatRequest
            {
                GroupId = Group,
                MemberId = Member,
                MemberEpoch = epoch,
                RebalanceTimeoutMs = 30_000,
                SubscribedTopicNames = [Topic],
                TopicPartitions = [],
            }
        );

    private static OffsetCommitRequest Commit(int epoch) =>
        new()
        {
            GroupId = Group,
            MemberId = Member,
            GenerationIdOrMemberEpoch = epoch,
            Topics =
            [
                new()
                {
                    Name = Topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = 0,
                            CommittedOffset = new(5),
                            CommittedMetadata = "",
                        },
                    ],
                },
            ],
        };

    [GeneratedRegex(@"(/?127\.0\.0\.1|localhost):\d+")]
    private static partial Regex Address();

    [GeneratedRegex(@"^\s+at .*$", RegexOptions.Multiline)]
    private static partial Regex StackLine();

    [GeneratedRegex(@"[ \t\n\r]+")]
    private static partial Regex Blanks();
}
