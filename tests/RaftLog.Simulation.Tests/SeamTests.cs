using System.Reflection;
using RaftLog.Broker;
using RaftLog.Client;
using RaftLog.Platform;
using RaftLog.Storage;

namespace RaftLog.Simulation.Tests;

/// <summary>What is simulated is the world, and nothing of what is shipped.</summary>
public sealed class SeamTests
{
    /// <summary>The simulation of the cores alone has shells of its own.</summary>
    private const string Cores = "RaftLog.Simulation.Cores.";

    private static readonly Type[] Seams =
    [
        typeof(IDisk),
        typeof(IDiskFile),
        typeof(INetwork),
        typeof(IListener),
        typeof(IConnection),
        typeof(IEntropy),
        typeof(IProcess),
    ];

    private static readonly Assembly[] Shipped =
    [
        typeof(Node).Assembly,
        typeof(KafkaCluster).Assembly,
        typeof(PartitionLog).Assembly,
        typeof(IDisk).Assembly,
    ];

    [Fact]
    public void The_simulation_implements_the_seams_of_platform_and_nothing_else() =>
        Assert.Empty(
            typeof(WholeNodes)
                .Assembly.GetTypes()
                .Where(type => !type.FullName!.StartsWith(Cores, StringComparison.Ordinal))
                .SelectMany(type =>
                    type.GetInterfaces()
                        .Append(type.BaseType)
                        .OfType<Type>()
                        .Where(each => Shipped.Contains(each.Assembly) && !Seams.Contains(each))
                        .Select(each => $"{type} is a {each}")
                )
        );

    [Fact]
    public void Every_seam_is_simulated() =>
        Assert.DoesNotContain(
            Seams,
            seam =>
                !typeof(WholeNodes)
                    .Assembly.GetTypes()
                    .Any(type => type.Name.StartsWith("Sim", StringComparison.Ordinal) && seam.IsAssignableFrom(type))
        );
}
