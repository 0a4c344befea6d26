"""Words from which streets and people are named. Given and family names are drawn apart: no real person is meant."""

_STREETS = """
Alder Ash Aspen Barley Beacon Birch Bramble Brook Cedar Chapel Cherry Clover Copper Curlew Dale Elm Fern Finch
Foundry Furrow Garden Glover Granary Hazel Heron Holly Juniper Kestrel Lantern Larch Lime Linden Lock Maple Meadow
Mercer Mill Moss Orchard Osier Otter Pear Pine Plover Quarry Rowan Rush Saddler Sorrel Spring Stone Swift Tanner
Thatcher Thistle Tower Vine Weaver Well Willow Wren Yarrow
"""
_GIVEN = """
Adaeze Alex Amal Amir Ana Anwen Ari Arjun Ayo Bea Caoimhe Carys Chen Dana Dani Devi Dylan Ela Eli Emeka Esi Farah
Femi Finlay Gita Grace Hana Haruto Idris Ines Ishaan Iwan Jamie Jodie Jun Kai Kamal Kasia Kemi Kit Kofi Lena Leo Li
Lowri Luca Mai Malik Marek Mei Mina Morgan Nadia Niamh Noor Olu Omar Oskar Petra Priya Quinn Rafa Ravi Rhys Robin
Rosa Sade Sami Sanjay Sasha Sean Selin Shay Sofia Suki Tariq Tayo Tess Toni Uma Vik Wren Yara Yusuf Zain Zofia
"""
_FAMILY = """
Abara Abbott Achterberg Adeyemi Ahmadi Alder Bakshi Barlow Bashir Bello Birch Boateng Brannigan Cairns Calder Castellan
Chaudhry Corrigan Dahl Dass Davids Demir Doyle Eccles Ekwueme Ellwood Farrow Fenn Ferreira Gallow Garrick Ghosh Goraya
Hallam Haque Hartwell Hosseini Ibekwe Ingleby Jarrow Joshi Kaminska Karim Kaur Kendrick Kowal Lacey Lindqvist Lisle
Mabaso Marlow Mehta Mensah Merrick Moreno Nakata Nolan Novak Obi Okoro Osei Pascoe Patel Penrose Qureshi Ramsay Rao
Redfern Sandhu Sarkis Sayer Sharma Silva Stroud Sutcliffe Tamm Tanaka Thorne Tran Usman Varga Vickers Wadham Wolde
Yilmaz Zaman Zielinska
"""
STREETS, GIVEN, FAMILY = tuple(_STREETS.split()), tuple(_GIVEN.split()), tuple(_FAMILY.split())
