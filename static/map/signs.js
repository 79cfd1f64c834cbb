// Small line drawings for the kinds of places, on a 20 × 20 grid, stroked by the style sheet.
window.famgeoSigns = {
  school: "M10 2v3M10 2h4v2h-4M3 17V9l7-4 7 4v8M2 17h16M8.5 17v-4h3v4M6 11h.01M14 11h.01",
  library: "M10 5.5C8 4 5 4 3 4.5v11c2-.5 5-.5 7 1 2-1.5 5-1.5 7-1v-11c-2-.5-5-.5-7 1zM10 5.5v11",
  community_centre: "M3 9.5 10 4l7 5.5M5 8.5V16h10V8.5M8 16v-4.5h4V16",
  place_of_worship: "M4 17V9l6-6 6 6v8zM8 17v-4a2 2 0 0 1 4 0v4",
  clinic: "M10 4v12M4 10h12",
  park: "M10 17v-6M10 11c-3 0-5-1.5-5-4s2-4 5-4 5 1.5 5 4-2 4-5 4zM6 17h8",
  food_pantry: "M3 9h14l-1.5 7h-11zM6 9l3-5M14 9l-3-5",
  social_service: "M10 16S3.5 12 3.5 7.5A3.3 3.3 0 0 1 10 6.5a3.3 3.3 0 0 1 6.5 1C16.5 12 10 16 10 16z",
  child_care: "M4 10h5v6H4zM11 10h5v6h-5zM7.5 4h5v6h-5z",
  college: "M2 8l8-4 8 4-8 4zM5 9.5V14c3 2 7 2 10 0V9.5",
  hall: "M3 7.5 10 4l7 3.5zM5 8v7M8.3 8v7M11.7 8v7M15 8v7M3 16h14",
  business: "M4 9v7h12V9M3 9l1.5-5h11L17 9zM9 16v-4h3v4",
  person: "M10 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4.5 17c0-3.5 2.5-5.5 5.5-5.5s5.5 2 5.5 5.5",
  other: "M10 7.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
};
