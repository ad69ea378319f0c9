using RaftLog.Differential.Tests.Peers;
using Xunit.Sdk;

namespace RaftLog.Differential.Tests.Exchange;

/// <summary>
/// One life is lived on Kafka and on RaftLog, until a kill. Each then opens the other's directory, serves the same, lives on, stops in
/// order and hands it back; and what both served is the same, in each part.
/// </summary>
public sealed class ExchangeTests
{
    [KafkaFact]
    public async Task Each_opens_the_others_directory_serves_the_same_and_hands_it_back()
    {
        long start = DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeMilliseconds();
        List<string>[] kafkaFirst = await LiveAsync(Software.Kafka, Software.RaftLog, start);
        List<string>[] raftLogFirst = await LiveAsync(Software.RaftLog, Software.Kafka, start);
        for (int part = 0; part < kafkaFirst.Length; part++)
        {
            MustBeSame($"part {part + 1} of two lives", Common(kafkaFirst[part]), Common(raftLogFirst[part]));
        }
    }

    /// <summary>What was served after each part.</summary>
    private static async Task<List<string>[]> LiveAsync(Software first, Software other, long start)
    {
        await using ExchangedNode node = await ExchangedNode.FormatAsync(first);
        try
        {
            Life life = new(node, start);
            await node.StartAsync(first);
            await life.BeginAsync();
            List<string> begun = await Observation.OfAsync(node.Peer, start);
            await node.KillAsync();

            await node.StartAsync(other);
            MustBeSame($"{first}'s directory under {other}", begun, await Observation.OfAsync(node.Peer, start));
            await life.GoOnAsync();
            List<string> goneOn = await Observation.OfAsync(node.Peer, start);
            await node.StopAsync();
            await LogDump.MustReadAsync(node.Data);

            await node.StartAsync(first);
            MustBeSame($"the directory back under {first}", goneOn, await Observation.OfAsync(node.Peer, start));
            await life.EndAsync();
            List<string> ended = await Observation.OfAsync(node.Peer, start);
            await node.StopAsync();
            await LogDump.MustReadAsync(node.Data);
            return [begun, goneOn, ended];
        }
        catch (Exception e)
        {
            throw new XunitException($"{first} first: {e.Message}\n{e.StackTrace}\n{node.Log()}");
        }
    }

    private static List<string> Common(List<string> lines) =>
        lines.FindAll(line => !line.StartsWith(Observation.Own, StringComparison.Ordinal));

    private static void MustBeSame(string what, List<string> expected, List<string> actual)
    {
        if (expected.SequenceEqual(actual))
        {
            return;
        }

        string[] missing = [.. expected.Except(actual).Take(15)];
        string[] added = [.. actual.Except(expected).Take(15)];
        throw new XunitException($"{what}: not served any more:\n{string.Join('\n', missing)}\nserved now:\n{string.Join('\n', added)}");
    }
}
