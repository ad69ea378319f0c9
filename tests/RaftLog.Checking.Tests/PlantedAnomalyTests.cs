using FsCheck;
using FsCheck.Fluent;

namespace RaftLog.Checking.Tests;

/// <summary>
/// Sound histories are found sound, and a promise broken in one of them is named, and no other: whatever the history is like.
/// </summary>
public sealed class PlantedAnomalyTests
{
    private const int Cases = 60;

    [Property(Cases)]
    public Property What_a_sound_cluster_writes_has_no_anomaly() => ForAll(history => Assert.Empty(HistoryChecker.Check(history)));

    [Property(Cases)]
    public Property Each_broken_promise_is_named_and_no_other() =>
        ForAll(history =>
        {
            foreach (Plant plant in Plant.All)
            {
                AnomalyKind[] found = [.. HistoryChecker.Check(plant.Apply(history)).Select(each => each.Kind).Distinct().Order()];
                Assert.Equal(plant.Kinds.Order(), found);
            }
        });

    [Fact]
    public void Every_kind_of_anomaly_is_planted() =>
        Assert.Equal(Enum.GetValues<AnomalyKind>(), Plant.All.SelectMany(each => each.Kinds).Distinct().Order());

    [Fact]
    public void Without_any_one_detector_some_planted_anomaly_goes_unseen()
    {
        History history = LogModel.Of([]);
        foreach (IDetector dropped in HistoryChecker.Detectors)
        {
            bool isMissed = Plant.All.Any(plant =>
                !plant.Kinds.All(kind =>
                    HistoryChecker
                        .Find(plant.Apply(history), HistoryChecker.Detectors.Where(each => each != dropped))
                        .Counts.ContainsKey(kind)
                )
            );
            Assert.True(isMissed, $"nothing depends on {dropped.GetType().Name}");
        }
    }

    [Fact]
    public void Every_kind_has_a_name_in_the_documents() =>
        Assert.All(Enum.GetValues<AnomalyKind>(), kind => Assert.Matches("^A[0-9]+$", AnomalyCatalog.CodeOf(kind)));

    private static Property ForAll(Action<History> holds) =>
        Prop.ForAll(ArbMap.Default.ArbFor<(byte Kind, byte Choice)[]>(), choices => holds(LogModel.Of(choices)));
}
