using RaftLog.Protocol;

namespace RaftLog.Metadata;

public static partial class MetadataSnapshot
{
    static partial void SeededBugLeavesOutConfigs(ref MetadataImage image)
    {
        if (SeededBug.Is(64))
        {
            image = image with
            {
                Configs = image.Configs.RemoveRange(
                    image
                        .Configs.Where(static each => each.Key.Type == ConfigResourceType.Topic && each.Value.Count > 1)
                        .Select(each => each.Key)
                ),
            };
        }
    }
}
