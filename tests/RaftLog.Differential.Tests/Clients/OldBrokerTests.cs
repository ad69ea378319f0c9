using RaftLog.Differential.Tests.Peers;

namespace RaftLog.Differential.Tests.Clients;

/// <summary>
/// The whole client with Apache Kafka and with RaftLog, which are spoken to in no newer versions than a release of Kafka serves: Kafka
/// 4.3.1 still understands those of 2.1.
/// </summary>
[Collection(BothNodesCollection.Name)]
public sealed class OldBrokerTests(BothNodes nodes)
{
    public static TheoryData<string, bool> Releases
    {
        get
        {
            TheoryData<string, bool> all = [];
            foreach (BrokerTable table in BrokerTable.All)
            {
                all.Add($"{table}", true);
                all.Add($"{table}", false);
            }

            return all;
        }
    }

    [KafkaTheory]
    [MemberData(nameof(Releases))]
    public async Task Everything_works_with_the_versions_of_a_release_or_says_what_it_needs(string release, bool isKafka)
    {
        using WholeClient client = new(BrokerTable.Of(release), $"127.0.0.1:{(isKafka ? nodes.Kafka : nodes.Subject).Port}");
        await client.RunAsync();
    }
}
